import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";
import { PublishCommand } from "@aws-sdk/client-sns";
import { generate } from "selfsigned";
import { describe, expect, it } from "vitest";
import { startReceiver } from "../../support/http-receiver.ts";
import { onClose, startSns } from "../../support/sns-bus.ts";

const arn = "arn:aws:lambda:us-east-1:000000000000:function:worker";

describe("a function behind a URL", () => {
  it("is invoked as Lambda's Invoke API says, and retried after its errors", async () => {
    const receiver = await startReceiver(() => 0);
    const bench = await startSns({ functions: { worker: receiver.url } });
    const TopicArn = await bench.topic("t");
    const queue = await bench.queue("dead");
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: queue });
    await bench.subscribe(TopicArn, "lambda", `${arn}:live`, { RedrivePolicy });
    let errors = 3;
    receiver.answer = () =>
      errors-- > 0 ? { status: 200, headers: { "X-Amz-Function-Error": "Unhandled" } } : { status: 200 };
    await bench.sns.send(new PublishCommand({ TopicArn, Message: "work" }));
    await bench.bus.settled();
    const [failing] = bench.bus.deliveries();
    expect(failing).toMatchObject({ status: "pending", attemptCount: 1, target: `${arn}:live` });
    expect(failing?.reason).toContain("The function ended with an error");
    expect(failing?.nextAttemptAt).toBe(new Date(bench.bus.clock.now() + 60_000).toISOString());
    expect(receiver.received[0]).toMatchObject({ path: "/2015-03-31/functions/worker/invocations" });
    expect(JSON.parse(receiver.received[0]?.body ?? "").Records[0].Sns.Message).toBe("work");
    await bench.bus.clock.advance("1h");
    expect(receiver.received.length).toBe(3);
    // SNS's part was over when the function took the event; its error is Lambda's to tell.
    expect(await bench.drain(queue)).toEqual([]);
    expect(bench.bus.deliveries()).toMatchObject([{ id: failing?.id, status: "failed", attemptCount: 3 }]);
  });

  it("that does not answer is retried by SNS", async () => {
    const bench = await startSns({ functions: { worker: "http://127.0.0.1:1" } });
    const TopicArn = await bench.topic("t");
    await bench.subscribe(TopicArn, "lambda", arn);
    await bench.sns.send(new PublishCommand({ TopicArn, Message: "work" }));
    await bench.bus.settled();
    expect(bench.bus.deliveries()).toMatchObject([{ status: "pending", attemptCount: 4 }]);
    const times = () => bench.bus.deliveries()[0]?.attemptCount;
    await bench.bus.clock.advance("2s");
    expect(times()).toBe(6);
    await bench.bus.clock.advance("2m");
    expect(times()).toBeGreaterThan(15);
  });
});

describe("an HTTPS endpoint", () => {
  it("on this machine may have a self-signed certificate", async () => {
    const { cert, private: key } = await generate([{ name: "commonName", value: "localhost" }]);
    const bodies: string[] = [];
    const server = createSecureServer({ cert, key }, (request, response) => {
      let body = "";
      request.on("data", (chunk) => (body += chunk));
      request.on("end", () => {
        bodies.push(body);
        response.end();
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    onClose(async () => {
      server.closeAllConnections();
      server.close();
    });
    const bench = await startSns();
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    await bench.subscribe(await bench.topic("t"), "https", url);
    await bench.bus.settled();
    expect(bodies.map((body) => JSON.parse(body).Type)).toEqual(["SubscriptionConfirmation"]);
  });
});
