/** The tasks that move messages out of dead-letter queues. */
import { expect, it } from "vitest";
import { dead } from "../../support/dead-letters.ts";
import { eachSqs, invalidParameter, invalidValue, prefixed, refusal, refused } from "../../support/sqs.ts";

const noSource = refusal(
  "ResourceNotFoundException",
  "The resource that you specified for the SourceArn parameter doesn't exist.",
  404,
);

const alreadyRunning = invalidParameter(
  "There is already a task running. Only one active task is allowed for a source queue arn at a given time.",
);

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

  it("leave body and attributes as they were, under another id", async () => {
    const { source, target } = await dead(env);
    const MessageAttributes = { attr1: { DataType: "Number", StringValue: "99.12" } };
    await env.sqs.sendMessage({ QueueUrl: source, MessageBody: "x", MessageAttributes });
    const [first] = await env.receive(source, { VisibilityTimeout: 0 });
    await env.receive(source);
    await env.sqs.startMessageMoveTask({ SourceArn: env.arn(target) });
    await settled();
    const [moved] = await env.receive(source);
    expect(moved).toMatchObject({
      Body: "x",
      MessageAttributes,
      MD5OfMessageAttributes: first?.MD5OfMessageAttributes,
    });
    expect(moved?.MessageId).not.toBe(first?.MessageId);
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
    expect(await refused(env.sqs.startMessageMoveTask({ SourceArn }))).toEqual(alreadyRunning);
    await env.bus.clock.advance("1s");
    expect(await env.counts(destination)).toEqual([4, 0, 0]);
    await env.bus.clock.advance("1s");
    expect(await env.counts(destination)).toEqual([5, 0, 0]);
    expect(await list(SourceArn)).toMatchObject([{ Status: "COMPLETED", ApproximateNumberOfMessagesMoved: 5 }]);
    expect(await env.receiveBodies(destination)).toEqual(bodies);
  });

  it("can be cancelled while they run, and end at their next turn", async () => {
    const { target } = await dead(env, "a", "b", "c");
    const SourceArn = env.arn(target);
    const { TaskHandle } = await env.sqs.startMessageMoveTask({ SourceArn, MaxNumberOfMessagesPerSecond: 1 });
    await settled();
    const { ApproximateNumberOfMessagesMoved } = await env.sqs.cancelMessageMoveTask({ TaskHandle });
    expect(ApproximateNumberOfMessagesMoved).toBe(1);
    const [cancelling] = await list(SourceArn);
    expect(cancelling).toMatchObject({ Status: "CANCELLING", ApproximateNumberOfMessagesMoved: 1 });
    expect(cancelling?.TaskHandle).toBeUndefined();
    const notActive = prefixed("UnsupportedOperation", "Only active tasks can be cancelled.");
    expect(await refused(env.sqs.cancelMessageMoveTask({ TaskHandle }))).toEqual(notActive);
    expect(await refused(env.sqs.startMessageMoveTask({ SourceArn }))).toEqual(alreadyRunning);
    await env.bus.clock.advance("999ms");
    expect(await list(SourceArn)).toMatchObject([{ Status: "CANCELLING" }]);
    await env.bus.clock.advance(1);
    const [task] = await list(SourceArn);
    expect(task).toMatchObject({ Status: "CANCELLED", ApproximateNumberOfMessagesMoved: 1 });
    expect(task?.TaskHandle).toBeUndefined();
    expect(await refused(env.sqs.cancelMessageMoveTask({ TaskHandle }))).toEqual(notActive);
    expect(await env.counts(target)).toEqual([2, 0, 0]);
    const again = await env.sqs.startMessageMoveTask({ SourceArn });
    expect(again.TaskHandle).not.toBe(TaskHandle);
    await settled();
    expect(await env.counts(target)).toEqual([0, 0, 0]);
  });

  it("can be a hundred at a time in an account and region", async () => {
    const client = env.client({ region: "eu-west-3" });
    const make = async (index: number) => {
      const dlq = `dlq-${index}`;
      await client.createQueue({ QueueName: dlq });
      const arn = `arn:aws:sqs:eu-west-3:000000000000:${dlq}`;
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: arn, maxReceiveCount: 1 });
      await client.createQueue({ QueueName: `source-${index}`, Attributes: { RedrivePolicy } });
      await client.sendMessageBatch({
        QueueUrl: dlq,
        Entries: ["1", "2"].map((Id) => ({ Id, MessageBody: Id })),
      });
      return arn;
    };
    const start = (SourceArn: string) =>
      client.startMessageMoveTask({
        SourceArn,
        DestinationArn: "arn:aws:sqs:eu-west-3:000000000000:moved",
        MaxNumberOfMessagesPerSecond: 1,
      });
    await client.createQueue({ QueueName: "moved" });
    for (let index = 0; index < 100; index++) await start(await make(index));
    const last = await make(100);
    expect(await refused(start(last))).toEqual(
      refusal("OverLimit", "100 message movement tasks are active, which is the most an account can have.", 403),
    );
    const { target } = await dead(env, "elsewhere");
    await env.sqs.startMessageMoveTask({ SourceArn: env.arn(target) });
    await env.bus.clock.advance("5s");
    await start(last);
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
    expect(await cancel("garbage")).toEqual(invalidParameter("Value for parameter TaskHandle is invalid."));
  });
});
