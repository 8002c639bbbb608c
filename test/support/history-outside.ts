/** A Busbar with what the machines of the history cases call. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateActivityCommand } from "@aws-sdk/client-sfn";
import { CreateQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import type { Outside } from "./history-cases.ts";
import { pass, startStates } from "./states.ts";

/** Functions, a queue, an activity, two machines to nest and a bucket; all are gone after `close`. */
export async function outsideFor(options: { durable?: boolean }): Promise<Outside & { close: () => Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "busbar-histories-"));
  const bucket = join(directory, "s3", "data");
  await mkdir(bucket, { recursive: true });
  await writeFile(join(bucket, "items.json"), "[1,2,3]");
  await writeFile(join(bucket, "scalar.json"), '"scalar"');
  const states = await startStates({
    clock: "virtual",
    startTime: "2030-01-01T00:00:00Z",
    seed: "histories",
    s3Root: join(directory, "s3"),
    ...(options.durable === true ? { dataDir: join(directory, "data") } : {}),
  });
  states.bus.registerFunction("echo", (event) => event);
  states.bus.registerFunction("large", () => "x".repeat(262_143));
  states.bus.registerFunction("raises", () => {
    throw Object.assign(new Error("Some exception was raised."), { name: "Exception" });
  });
  const sqs = new SQSClient(states.bus.clientConfig());
  const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "q" }));
  const { activityArn } = await states.client.send(new CreateActivityCommand({ name: "worker" }));
  await states.create(pass, { name: "child" });
  const failing = { StartAt: "F", States: { F: { Type: "Fail", Error: "SomeFailure", Cause: "some cause" } } };
  await states.create(failing, { name: "failing" });
  return {
    states,
    sqs,
    queueUrl: QueueUrl as string,
    activityArn: activityArn as string,
    async close() {
      sqs.destroy();
      await states.close();
      await rm(directory, { recursive: true });
    },
  };
}
