import { describe, expect, it } from "vitest";
import { Cause } from "../../../src/calls/cause.ts";
import { Invocation } from "../../../src/calls/invocation.ts";
import { readOptions } from "../../../src/cli-options.ts";
import { Emulator } from "../../../src/emulator.ts";
import { isoTime } from "../../../src/engine/iso-time.ts";

const place = { account: "000000000000", region: "us-east-1" };
const topic = "arn:aws:sns:us-east-1:000000000000:t";
const retry = { phases: [] };

describe("deliveries within an emulator", () => {
  it("publish to a topic what another service pushes, and bring it to the topic's queues", async () => {
    const emulator = await Emulator.start({ clock: "virtual" });
    const call = (service: string, parameters: Record<string, string>) =>
      emulator.handle(
        {
          method: "POST",
          path: "/",
          query: "",
          headers: {
            host: "localhost",
            "content-type": "application/x-www-form-urlencoded",
            authorization: `AWS4-HMAC-SHA256 Credential=000000000000/20260101/us-east-1/${service}/aws4_request, SignedHeaders=host, Signature=0`,
          },
          body: Buffer.from(new URLSearchParams(parameters).toString()),
        },
        "http://localhost",
      );
    call("sns", { Action: "CreateTopic", Name: "t" });
    const Endpoint = "arn:aws:sqs:us-east-1:000000000000:q";
    call("sqs", { Action: "CreateQueue", QueueName: "q", Version: "2012-11-05" });
    call("sns", { Action: "Subscribe", TopicArn: topic, Protocol: "sqs", Endpoint });
    const request = { ...place, service: "eventbridge", source: "rule", payload: "{}", retry };
    emulator.store.transaction(() => {
      emulator.deliveries.submit({ ...request, kind: "sns", parameters: {}, target: topic });
      emulator.deliveries.submit({ ...request, kind: "sns", parameters: {}, target: `${topic}-missing` });
    });
    expect(
      emulator.deliveries.list().map(({ source, target, status, reason }) => [source, target, status, reason]),
    ).toEqual(
      expect.arrayContaining([
        ["rule", topic, "delivered", undefined],
        [expect.stringContaining(topic), Endpoint, "delivered", undefined],
        ["rule", `${topic}-missing`, "failed", "NotFound: Topic does not exist"],
      ]),
    );
    expect(emulator.deliveries.list().length).toBe(3);
    await emulator.reset(place.account);
    expect(emulator.deliveries.list()).toEqual([]);
    await emulator.close();
  });
});

describe("functions", () => {
  it("are found by name, ARN or qualified ARN, and answer errors as Lambda's", async () => {
    const emulator = await Emulator.start({ clock: "virtual" });
    const { functions } = emulator;
    const arn = "arn:aws:lambda:us-east-1:000000000000:function:f";
    functions.register("f", (event, { functionName }) => ({ event, functionName }));
    functions.register(arn.replace(":f", ":g"), () => {
      throw new RangeError("too far");
    });
    const caller = Invocation.ofService("sns", "source", place, Cause.beginning("run", "test", 0));
    for (const name of ["f", arn, `${arn}:live`, "000000000000:function:f"]) {
      const { payload, functionError } = await functions.invoke(name, '{"a":1}', caller);
      expect([JSON.parse(payload), functionError]).toEqual([{ event: { a: 1 }, functionName: "f" }, undefined]);
    }
    const failed = await functions.invoke(`${arn.replace(":f", ":g")}:1`, "{}", caller);
    expect(failed).toMatchObject({ functionError: "Unhandled" });
    expect(JSON.parse(failed.payload)).toMatchObject({ errorType: "RangeError", errorMessage: "too far" });
    await expect(async () => functions.invoke("h", "{}", caller)).rejects.toMatchObject({
      name: "ResourceNotFoundException",
      status: 404,
    });
    await emulator.close();
  });

  it("have failed when their time is over, whatever they answer then", async () => {
    const emulator = await Emulator.start({ clock: "virtual" });
    const { functions, clock } = emulator;
    const caller = Invocation.ofService("sns", "source", place, Cause.beginning("run", "test", 0));
    let answer = (_value: unknown): void => {};
    functions.register("slow", () => new Promise((resolve) => (answer = resolve)));
    const invoked = functions.invoke("slow", "{}", caller);
    await clock.advance(900_000);
    answer("late");
    const { payload, functionError } = await invoked;
    expect(functionError).toBe("Unhandled");
    expect(JSON.parse(payload)).toEqual({
      errorType: "Sandbox.Timedout",
      errorMessage: expect.stringMatching(/^RequestId: [0-9a-f-]{36} Error: Task timed out after 900.00 seconds$/),
    });
    emulator.store.transaction(() =>
      emulator.deliveries.submit({
        ...place,
        service: "sns",
        source: topic,
        kind: "lambda",
        target: "slow",
        parameters: {},
        payload: "{}",
        retry,
      }),
    );
    await clock.advance(899_999);
    expect(emulator.deliveries.list()).toMatchObject([{ status: "pending", attemptCount: 0 }]);
    await clock.advance(1);
    expect(emulator.deliveries.list()).toMatchObject([
      { status: "pending", attemptCount: 1, nextAttemptAt: isoTime(clock.now() + 60_000) },
    ]);
    await clock.advance(3_600_000);
    expect(emulator.deliveries.list()).toMatchObject([{ status: "failed", attemptCount: 3 }]);
    await emulator.close();
  });

  it("come from the command line and its environment", () => {
    const both = [
      "--function",
      "a=http://localhost:1",
      "--function",
      "arn:aws:lambda:us-east-1:1:function:b=http://h/x?y=z",
    ];
    expect(readOptions(both, {}).functions).toEqual({
      a: "http://localhost:1",
      "arn:aws:lambda:us-east-1:1:function:b": "http://h/x?y=z",
    });
    expect(readOptions([], { BUSBAR_FUNCTION: "a=http://x,b=https://y" }).functions).toEqual({
      a: "http://x",
      b: "https://y",
    });
    expect(() => readOptions(["--function", "a"], {})).toThrow("--function needs name=url");
  });
});
