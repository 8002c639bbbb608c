/** What is done with a receipt handle: deleting a message and changing its visibility, one by one and in batches. */
import { expect, it } from "vitest";
import { eachSqs, invalidValue, missingParameter, prefixed, refusal, refused } from "../../support/sqs.ts";

eachSqs("DeleteMessage", (env) => {
  it("takes any handle ever given for the message, again and again", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "1" });
    await env.send(QueueUrl, "x");
    const [first] = await env.receive(QueueUrl);
    await env.bus.clock.advance("1s");
    const [second] = await env.receive(QueueUrl);
    expect(second?.MessageId).toBe(first?.MessageId);
    await env.sqs.deleteMessage({ QueueUrl, ReceiptHandle: first?.ReceiptHandle });
    expect(await env.counts(QueueUrl)).toEqual([0, 0, 0]);
    await env.sqs.deleteMessage({ QueueUrl, ReceiptHandle: first?.ReceiptHandle });
    await env.sqs.deleteMessage({ QueueUrl, ReceiptHandle: second?.ReceiptHandle });
  });

  it("works after the visibility timeout has ended", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "1" });
    await env.send(QueueUrl, "x");
    const [message] = await env.receive(QueueUrl);
    await env.bus.clock.advance("5s");
    await env.sqs.deleteMessage({ QueueUrl, ReceiptHandle: message?.ReceiptHandle });
    expect(await env.receive(QueueUrl)).toEqual([]);
  });

  it("refuses what is not a handle", async () => {
    const QueueUrl = await env.queue();
    for (const ReceiptHandle of ["nonsense", "AQEB", "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a=="]) {
      expect(await refused(env.sqs.deleteMessage({ QueueUrl, ReceiptHandle }))).toEqual(
        refusal(
          "ReceiptHandleIsInvalid",
          `The input receipt handle "${ReceiptHandle}" is not a valid receipt handle.`,
          404,
        ),
      );
    }
    expect(await refused(env.sqs.deleteMessage({ QueueUrl, ReceiptHandle: undefined }))).toEqual(
      missingParameter("ReceiptHandle"),
    );
  });

  it("deletes in batches, each entry on its own", async () => {
    const QueueUrl = await env.queue();
    const other = await env.queue();
    await env.send(QueueUrl, "a");
    await env.send(QueueUrl, "b");
    await env.send(other, "c");
    const [a, b] = await env.receive(QueueUrl);
    const [c] = await env.receive(other);
    const { Successful, Failed } = await env.sqs.deleteMessageBatch({
      QueueUrl,
      Entries: [
        { Id: "a", ReceiptHandle: a?.ReceiptHandle },
        { Id: "c", ReceiptHandle: c?.ReceiptHandle },
        { Id: "bad", ReceiptHandle: "nonsense" },
        { Id: "b", ReceiptHandle: b?.ReceiptHandle },
      ],
    });
    expect(Successful).toEqual([{ Id: "a" }, { Id: "b" }]);
    const failed = (Id: string, Message: string) => ({
      Id,
      SenderFault: true,
      Code: "ReceiptHandleIsInvalid",
      Message,
    });
    expect(Failed).toEqual([
      failed("c", `The receipt handle "${c?.ReceiptHandle}" is not valid for this queue.`),
      failed("bad", 'The input receipt handle "nonsense" is not a valid receipt handle.'),
    ]);
    expect(await env.counts(QueueUrl)).toEqual([0, 0, 0]);
    expect(await env.counts(other)).toEqual([0, 1, 0]);
  });

  it("checks a batch as a whole", async () => {
    const QueueUrl = await env.queue();
    const entries = (count: number) =>
      Array.from({ length: count }, (_, index) => ({ Id: `e${index}`, ReceiptHandle: "x", VisibilityTimeout: 1 }));
    const tooMany = prefixed(
      "TooManyEntriesInBatchRequest",
      "Maximum number of entries per request are 10. You have sent 20.",
    );
    expect(await refused(env.sqs.deleteMessageBatch({ QueueUrl, Entries: entries(20) }))).toEqual(tooMany);
    expect(await refused(env.sqs.changeMessageVisibilityBatch({ QueueUrl, Entries: entries(20) }))).toEqual(tooMany);
    expect(await refused(env.sqs.deleteMessageBatch({ QueueUrl, Entries: [] }))).toEqual(
      prefixed("EmptyBatchRequest", "There should be at least one DeleteMessageBatchRequestEntry in the request."),
    );
    expect(await refused(env.sqs.changeMessageVisibilityBatch({ QueueUrl, Entries: [] }))).toEqual(
      prefixed(
        "EmptyBatchRequest",
        "There should be at least one ChangeMessageVisibilityBatchRequestEntry in the request.",
      ),
    );
    const twice = [...entries(1), ...entries(1)];
    expect(await refused(env.sqs.deleteMessageBatch({ QueueUrl, Entries: twice }))).toEqual(
      prefixed("BatchEntryIdsNotDistinct", "Id e0 repeated."),
    );
  });
});

eachSqs("ChangeMessageVisibility", (env) => {
  it("counts from the call, and 0 shows the message at once", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "10" });
    await env.send(QueueUrl, "x");
    const [message] = await env.receive(QueueUrl);
    const change = (VisibilityTimeout: number) =>
      env.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout });
    await env.bus.clock.advance("9s");
    await change(10);
    await env.bus.clock.advance("9s");
    await change(10);
    await env.bus.clock.advance("9999ms");
    expect(await env.counts(QueueUrl)).toEqual([0, 1, 0]);
    await change(0);
    expect(await env.counts(QueueUrl)).toEqual([1, 0, 0]);
    expect(await env.receiveBodies(QueueUrl)).toEqual(["x"]);
  });

  it("goes no further than twelve hours from the receive", async () => {
    const QueueUrl = await env.queue();
    await env.send(QueueUrl, "x");
    const [message] = await env.receive(QueueUrl);
    const change = (VisibilityTimeout: number) =>
      env.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle: message?.ReceiptHandle, VisibilityTimeout });
    const beyond = (seconds: number) =>
      invalidValue(
        seconds,
        "VisibilityTimeout",
        "Total VisibilityTimeout for the message is beyond the limit [43200 seconds]",
      );
    expect(await refused(change(43_200))).toEqual(beyond(43_200));
    await change(43_100);
    await env.bus.clock.advance("11h");
    await change(3599);
    expect(await refused(change(3601))).toEqual(beyond(3601));
    for (const seconds of [-1, 43_201]) {
      expect(await refused(change(seconds))).toMatchObject({ name: "InvalidParameterValue", status: 400 });
    }
    expect(
      await refused(
        env.sqs.changeMessageVisibility({
          QueueUrl,
          ReceiptHandle: message?.ReceiptHandle,
          VisibilityTimeout: undefined,
        }),
      ),
    ).toEqual(missingParameter("VisibilityTimeout"));
  });

  it("takes an older handle while the message is in flight", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "1" });
    await env.send(QueueUrl, "x");
    const [older] = await env.receive(QueueUrl);
    await env.bus.clock.advance("1s");
    await env.receive(QueueUrl);
    await env.sqs.changeMessageVisibility({
      QueueUrl,
      ReceiptHandle: older?.ReceiptHandle,
      VisibilityTimeout: 100,
    });
    await env.bus.clock.advance("50s");
    expect(await env.counts(QueueUrl)).toEqual([0, 1, 0]);
  });

  it("refuses what is deleted", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "1" });
    const change = (ReceiptHandle: string) =>
      env.sqs.changeMessageVisibility({ QueueUrl, ReceiptHandle, VisibilityTimeout: 5 });
    const gone = (handle: string) =>
      invalidValue(
        handle,
        "ReceiptHandle",
        "Message does not exist or is not available for visibility timeout change.",
      );
    await env.send(QueueUrl, "x");
    const again = (await env.receive(QueueUrl))[0]?.ReceiptHandle as string;
    await env.sqs.deleteMessage({ QueueUrl, ReceiptHandle: again });
    expect(await refused(change(again))).toEqual(gone(again));
    expect(await refused(change("nonsense"))).toMatchObject({ name: "ReceiptHandleIsInvalid", status: 404 });
  });

  it("works in batches, each entry on its own", async () => {
    const QueueUrl = await env.queue({ VisibilityTimeout: "10" });
    await env.send(QueueUrl, "a");
    await env.send(QueueUrl, "b");
    const [a, b] = await env.receive(QueueUrl);
    const { Successful, Failed } = await env.sqs.changeMessageVisibilityBatch({
      QueueUrl,
      Entries: [
        { Id: "a", ReceiptHandle: a?.ReceiptHandle, VisibilityTimeout: 0 },
        { Id: "far", ReceiptHandle: b?.ReceiptHandle, VisibilityTimeout: 43_200 },
        { Id: "bad", ReceiptHandle: "nonsense", VisibilityTimeout: 1 },
      ],
    });
    expect(Successful).toEqual([{ Id: "a" }]);
    expect(Failed?.map(({ Id, Code, SenderFault }) => [Id, Code, SenderFault])).toEqual([
      ["far", "InvalidParameterValue", true],
      ["bad", "ReceiptHandleIsInvalid", true],
    ]);
    expect(await env.counts(QueueUrl)).toEqual([1, 1, 0]);
  });
});
