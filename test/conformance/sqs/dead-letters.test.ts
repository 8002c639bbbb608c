/** Dead-letter queues, and the tasks that move messages out of them. */
import { expect, it } from "vitest";
import { eachSqs, invalidParameter, invalidValue, refusal, refused, type SqsEnvironment } from "../../support/sqs.ts";

const noSource = refusal(
  "ResourceNotFoundException",
  "The resource that you specified for the SourceArn parameter doesn't exist.",
  404,
);

/** A queue and its dead-letter queue. */
async function pair(
  env: SqsEnvironment,
  maxReceiveCount: number,
  attributes: Record<string, string> = {},
): Promise<{ source: string; target: string }> {
  const make = (more: Record<string, string>) =>
    "FifoQueue" in attributes ? env.fifo({ ...attributes, ...more }) : env.queue({ ...attributes, ...more });
  const target = await make({});
  const source = await make({
    RedrivePolicy: JSON.stringify({ deadLetterTargetArn: env.arn(target), maxReceiveCount }),
  });
  return { source, target };
}

/** A dead-letter queue with messages that came from its source. */
async function dead(env: SqsEnvironment, ...bodies: string[]): Promise<{ source: string; target: string }> {
  const queues = await pair(env, 1);
  for (const body of bodies) await env.send(queues.source, body);
  for (let taken = 0; taken < bodies.length; taken += 10) await env.receive(queues.source, { VisibilityTimeout: 0 });
  while ((await env.counts(queues.source))[0] > 0) await env.receive(queues.source);
  expect(await env.counts(queues.target)).toEqual([bodies.length, 0, 0]);
  return queues;
}

eachSqs("dead-letter queues", (env) => {
  it("get a message at the receive after the last one allowed, with all it had", async () => {
    const { source, target } = await pair(env, 2, { VisibilityTimeout: "0" });
    await env.sqs.sendMessage({
      QueueUrl: source,
      MessageBody: "poison",
      MessageAttributes: { attr1: { DataType: "Number", StringValue: "99.12" } },
    });
    const [first] = await env.receive(source);
    const [second] = await env.receive(source);
    expect(second?.Attributes?.ApproximateReceiveCount).toBe("2");
    expect(second?.Attributes).not.toHaveProperty("DeadLetterQueueSourceArn");
    expect(await env.counts(target)).toEqual([0, 0, 0]);
    expect(await env.receive(source)).toEqual([]);
    expect(await env.counts(source)).toEqual([0, 0, 0]);
    const [moved] = await env.receive(target);
    expect(moved).toMatchObject({
      MessageId: first?.MessageId,
      Body: "poison",
      MD5OfMessageAttributes: "d302007e9aa062660afc85fd0a482472",
      Attributes: {
        DeadLetterQueueSourceArn: env.arn(source),
        ApproximateReceiveCount: "3",
        SentTimestamp: first?.Attributes?.SentTimestamp,
      },
    });
  });

  it("get it at the second receive for a maximum of one; what comes behind it is given at once", async () => {
    const { source, target } = await pair(env, 1, { VisibilityTimeout: "0" });
    await env.send(source, "poison");
    await env.receive(source);
    await env.send(source, "good");
    expect(await env.receiveBodies(source, { MaxNumberOfMessages: 1 })).toEqual(["good"]);
    expect(await env.receiveBodies(target)).toEqual(["poison"]);
  });

  it("keep a standard message's age for retention, and begin a FIFO message's anew", async () => {
    for (const type of ["standard", "fifo"]) {
      const { source, target } = await pair(env, 1, {
        MessageRetentionPeriod: "60",
        VisibilityTimeout: "0",
        ...(type === "fifo" ? { FifoQueue: "true" } : {}),
      });
      if (type === "fifo") await env.sendFifo(source, "g", "old");
      else await env.send(source, "old");
      await env.bus.clock.advance("50s");
      await env.receive(source);
      await env.receive(source);
      expect(await env.counts(target)).toEqual([1, 0, 0]);
      await env.bus.clock.advance("15s");
      expect(await env.counts(target)).toEqual(type === "fifo" ? [1, 0, 0] : [0, 0, 0]);
    }
  });

  it("unlock the group of a FIFO source at once", async () => {
    const { source, target } = await pair(env, 1, { FifoQueue: "true" });
    await env.sendFifo(source, "g", "poison");
    await env.sendFifo(source, "g", "next");
    await env.receive(source, { MaxNumberOfMessages: 1, VisibilityTimeout: 0 });
    expect(await env.receiveBodies(source)).toEqual(["next"]);
    expect(await env.receiveBodies(target)).toEqual(["poison"]);
  });

  it("take whole groups without holding back the groups behind them", async () => {
    const { source, target } = await pair(env, 1, { FifoQueue: "true" });
    await env.sendFifo(source, "poison", "p");
    await env.sendFifo(source, "poison", "q");
    await env.receive(source, { VisibilityTimeout: 0 });
    await env.sendFifo(source, "good", "g");
    expect(await env.receiveBodies(source, { MaxNumberOfMessages: 1 })).toEqual(["g"]);
    expect(await env.receiveBodies(target)).toEqual(["p", "q"]);
  });

  it("may be deleted: then messages stay where they are", async () => {
    const { source, target } = await pair(env, 1, { VisibilityTimeout: "0" });
    await env.send(source, "x");
    await env.sqs.deleteQueue({ QueueUrl: target });
    for (let turn = 0; turn < 3; turn++) expect(await env.receiveBodies(source)).toEqual(["x"]);
  });
});

eachSqs("message move tasks", (env) => {
  const list = async (SourceArn: string, MaxResults?: number) =>
    (await env.sqs.listMessageMoveTasks({ SourceArn, MaxResults })).Results ?? [];
  const settled = () => env.bus.clock.advance(0);

  it("bring messages back to the queues they came from, as new ones", async () => {
    const { source, target } = await dead(env, "a", "b");
    const before = env.bus.clock.now();
    await env.bus.clock.advance("1h");
    const { TaskHandle } = await env.sqs.startMessageMoveTask({ SourceArn: env.arn(target) });
    const decoded = JSON.parse(Buffer.from(TaskHandle as string, "base64").toString());
    expect(decoded).toEqual({
      taskId: expect.stringMatching(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/),
      sourceArn: env.arn(target),
    });
    await settled();
    expect(await env.counts(target)).toEqual([0, 0, 0]);
    const messages = await env.receive(source);
    expect(messages.map(({ Body }) => Body)).toEqual(["a", "b"]);
    for (const { Attributes } of messages) {
      expect(Attributes).toMatchObject({ ApproximateReceiveCount: "1", SentTimestamp: String(before + 3_600_000) });
      expect(Attributes).not.toHaveProperty("DeadLetterQueueSourceArn");
    }
    const [task] = await list(env.arn(target));
    expect(task).toEqual({
      Status: "COMPLETED",
      SourceArn: env.arn(target),
      ApproximateNumberOfMessagesMoved: 2,
      ApproximateNumberOfMessagesToMove: 2,
      StartedTimestamp: before + 3_600_000,
    });
  });

  it("move elsewhere, so many a second", async () => {
    const bodies = Array.from({ length: 5 }, (_, index) => `m${index}`);
    const { target } = await dead(env, ...bodies);
    const destination = await env.queue();
    const SourceArn = env.arn(target);
    const DestinationArn = env.arn(destination);
    const { TaskHandle } = await env.sqs.startMessageMoveTask({
      SourceArn,
      DestinationArn,
      MaxNumberOfMessagesPerSecond: 2,
    });
    await settled();
    expect(await list(SourceArn)).toEqual([
      {
        TaskHandle,
        Status: "RUNNING",
        SourceArn,
        DestinationArn,
        MaxNumberOfMessagesPerSecond: 2,
        ApproximateNumberOfMessagesMoved: 2,
        ApproximateNumberOfMessagesToMove: 5,
        StartedTimestamp: env.bus.clock.now(),
      },
    ]);
    expect(await refused(env.sqs.startMessageMoveTask({ SourceArn }))).toEqual(
      invalidParameter(
        "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
      ),
    );
    await env.bus.clock.advance("1s");
    expect(await env.counts(destination)).toEqual([4, 0, 0]);
    await env.bus.clock.advance("1s");
    expect(await env.counts(destination)).toEqual([5, 0, 0]);
    expect(await list(SourceArn)).toMatchObject([{ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 5 }]);
    expect(await env.receiveBodies(destination)).toEqual(bodies);
  });

  it("can be cancelled while they run", async () => {
    const { target } = await dead(env, "a", "b", "c");
    const SourceArn = env.arn(target);
    const { TaskHandle } = await env.sqs.startMessageMoveTask({ SourceArn, MaxNumberOfMessagesPerSecond: 1 });
    await settled();
    const { ApproximateNumberOfMessagesMoved } = await env.sqs.cancelMessageMoveTask({ TaskHandle });
    expect(ApproximateNumberOfMessagesMoved).toBe(1);
    await env.bus.clock.advance("10s");
    expect(await env.counts(target)).toEqual([2, 0, 0]);
    const [task] = await list(SourceArn);
    expect(task).toMatchObject({ Status: "CANCELLED", ApproximateNumberOfMessagesMoved: 1 });
    expect(task?.TaskHandle).toBeUndefined();
    expect(await refused(env.sqs.cancelMessageMoveTask({ TaskHandle }))).toEqual(
      refusal(
        "UnsupportedOperation",
        "Only active tasks can be cancelled.",
        400,
        "AWS.SimpleQueueService.UnsupportedOperation",
      ),
    );
    const again = await env.sqs.startMessageMoveTask({ SourceArn });
    expect(again.TaskHandle).not.toBe(TaskHandle);
    await settled();
    expect(await env.counts(target)).toEqual([0, 0, 0]);
  });

  it("fail when the destination is deleted meanwhile", async () => {
    const { target } = await dead(env, "a", "b", "c");
    const destination = await env.queue();
    const SourceArn = env.arn(target);
    await env.sqs.startMessageMoveTask({
      SourceArn,
      DestinationArn: env.arn(destination),
      MaxNumberOfMessagesPerSecond: 1,
    });
    await settled();
    await env.sqs.deleteQueue({ QueueUrl: destination });
    await env.bus.clock.advance("1s");
    expect(await list(SourceArn)).toMatchObject([
      {
        Status: "FAILED",
        FailureReason: "AWS.SimpleQueueService.NonExistentQueue",
        ApproximateNumberOfMessagesMoved: 1,
      },
    ]);
    expect(await env.counts(target)).toEqual([2, 0, 0]);
  });

  it("are listed newest first, one unless asked for more", async () => {
    const { target } = await dead(env);
    const SourceArn = env.arn(target);
    expect((await env.sqs.listMessageMoveTasks({ SourceArn })).Results ?? []).toEqual([]);
    for (let task = 1; task <= 3; task++) {
      await env.sqs.startMessageMoveTask({ SourceArn, MaxNumberOfMessagesPerSecond: task });
      await env.bus.clock.advance("2s");
    }
    const rates = (tasks: { MaxNumberOfMessagesPerSecond?: number }[]) =>
      tasks.map(({ MaxNumberOfMessagesPerSecond }) => MaxNumberOfMessagesPerSecond);
    expect(rates(await list(SourceArn))).toEqual([3]);
    expect(rates(await list(SourceArn, 10))).toEqual([3, 2, 1]);
    for (const MaxResults of [0, 11]) {
      expect(await refused(env.sqs.listMessageMoveTasks({ SourceArn, MaxResults }))).toMatchObject({
        name: "InvalidParameterValue",
      });
    }
  });

  it("are forgotten with their queue", async () => {
    const { source, target } = await dead(env);
    const SourceArn = env.arn(target);
    await env.sqs.startMessageMoveTask({ SourceArn });
    await settled();
    await env.sqs.deleteQueue({ QueueUrl: target });
    expect(await refused(env.sqs.listMessageMoveTasks({ SourceArn }))).toEqual(noSource);
    await env.sqs.createQueue({ QueueName: target.split("/").at(-1) });
    expect(await list(SourceArn, 10)).toEqual([]);
    expect(await env.counts(source)).toEqual([0, 0, 0]);
  });

  it("are refused where they cannot be", async () => {
    const { source, target } = await dead(env);
    const start = (SourceArn: string, DestinationArn?: string, MaxNumberOfMessagesPerSecond?: number) =>
      refused(env.sqs.startMessageMoveTask({ SourceArn, DestinationArn, MaxNumberOfMessagesPerSecond }));
    expect(await start(`${env.arn(target)}-not`)).toEqual(noSource);
    expect(await start(env.arn(source))).toEqual(
      invalidParameter("Source queue must be configured as a Dead Letter Queue."),
    );
    expect(await start(env.arn(target), `${env.arn(source)}-not`)).toEqual({
      ...noSource,
      message: "The resource that you specified for the DestinationArn parameter doesn't exist.",
    });
    expect(await start(env.arn(target), env.arn(await env.fifo()))).toMatchObject({ name: "InvalidParameterValue" });
    for (const rate of [0, 501]) {
      expect(await start(env.arn(target), undefined, rate)).toEqual(
        invalidValue(rate, "MaxNumberOfMessagesPerSecond", "You must enter a value that's between 1 and 500."),
      );
    }
    const cancel = (handle: string) => refused(env.sqs.cancelMessageMoveTask({ TaskHandle: handle }));
    const handle = (taskId: string, sourceArn: string) =>
      Buffer.from(JSON.stringify({ taskId, sourceArn })).toString("base64");
    expect(await cancel(handle("x", `${env.arn(target)}-not`))).toEqual(noSource);
    expect(await cancel(handle("x", env.arn(target)))).toEqual({ ...noSource, message: "Task does not exist." });
    expect(await cancel("garbage")).toEqual(invalidParameter("Value garbage for parameter TaskHandle is invalid."));
  });
});
