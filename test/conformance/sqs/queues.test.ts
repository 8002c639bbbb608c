/** Queues themselves: create, find, list, tag, permit, purge, delete. */
import { createHash } from "node:crypto";
import { expect, it } from "vitest";
import {
  eachSqs,
  invalidParameter,
  invalidValue,
  missingParameter,
  prefixed,
  refusal,
  refused,
} from "../../support/sqs.ts";

const standardNames = "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length";
const fifoNames =
  "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.";

eachSqs("CreateQueue", (env) => {
  it("answers a URL made of the request's own host, the account and the name", async () => {
    const name = env.name();
    const { QueueUrl } = await env.sqs.createQueue({ QueueName: name });
    expect(QueueUrl).toBe(`${env.bus.endpoint}/000000000000/${name}`);
  });

  it("takes names of 1 to 80 letters, digits, hyphens and underscores", async () => {
    for (const QueueName of ["a", "Z_-9", "x".repeat(80)]) {
      expect((await env.sqs.createQueue({ QueueName })).QueueUrl).toContain(`/${QueueName}`);
    }
    for (const QueueName of ["a b", "x".repeat(81), "ä", "a/b", "dotted.name", "no-attribute.fifo"]) {
      expect(await refused(env.sqs.createQueue({ QueueName }))).toEqual(invalidParameter(standardNames));
    }
    expect(await refused(env.sqs.createQueue({ QueueName: "" }))).toEqual(
      invalidParameter("Queue name cannot be empty"),
    );
    expect(await refused(env.sqs.createQueue({ QueueName: undefined }))).toEqual(missingParameter("QueueName"));
  });

  it("wants names of FIFO queues to end in .fifo, within the 80", async () => {
    const Attributes = { FifoQueue: "true" };
    const QueueName = `${"x".repeat(75)}.fifo`;
    expect((await env.sqs.createQueue({ QueueName, Attributes })).QueueUrl).toContain(QueueName);
    for (const QueueName of ["plain", `${"x".repeat(76)}.fifo`, ".fifo", "a.b.fifo"]) {
      expect(await refused(env.sqs.createQueue({ QueueName, Attributes }))).toEqual(invalidParameter(fifoNames));
    }
  });

  it("answers an existing queue when the attributes named have its current values", async () => {
    const QueueName = env.name();
    const first = await env.sqs.createQueue({ QueueName, Attributes: { VisibilityTimeout: "45", DelaySeconds: "7" } });
    expect((await env.sqs.createQueue({ QueueName })).QueueUrl).toBe(first.QueueUrl);
    expect((await env.sqs.createQueue({ QueueName, Attributes: { DelaySeconds: "7" } })).QueueUrl).toBe(first.QueueUrl);
    const exists = refusal(
      "QueueNameExists",
      "A queue already exists with the same name and a different value for attribute DelaySeconds",
      400,
      "QueueAlreadyExists",
    );
    expect(await refused(env.sqs.createQueue({ QueueName, Attributes: { DelaySeconds: "8" } }))).toEqual(exists);
    await env.sqs.setQueueAttributes({ QueueUrl: first.QueueUrl, Attributes: { DelaySeconds: "8" } });
    expect(await refused(env.sqs.createQueue({ QueueName, Attributes: { DelaySeconds: "7" } }))).toEqual(exists);
    expect((await env.sqs.createQueue({ QueueName, Attributes: { DelaySeconds: "8" } })).QueueUrl).toBe(first.QueueUrl);
  });

  it("is judged by its name, then its attributes' names, then their values", async () => {
    const create = (QueueName: string, Attributes: Record<string, string>) =>
      refused(env.sqs.createQueue({ QueueName, Attributes }));
    const wrong = { VisibilityTimeout: "-1", Nonsense: "1" };
    expect(await create("a b", wrong)).toEqual(invalidParameter(standardNames));
    const unknown = refusal("InvalidAttributeName", "Unknown Attribute Nonsense.");
    expect(await create(env.name(), wrong)).toEqual(unknown);
    const QueueName = env.name();
    await env.sqs.createQueue({ QueueName, Attributes: { DelaySeconds: "1" } });
    expect(await create(QueueName, { DelaySeconds: "2", VisibilityTimeout: "-1" })).toEqual(
      refusal("InvalidAttributeValue", "Invalid value for the parameter VisibilityTimeout."),
    );
  });

  it("leaves an existing queue's tags as they are", async () => {
    const QueueName = env.name();
    const { QueueUrl } = await env.sqs.createQueue({ QueueName, tags: { team: "orders" } });
    await env.sqs.createQueue({ QueueName, tags: { team: "other", more: "1" } });
    expect((await env.sqs.listQueueTags({ QueueUrl })).Tags).toEqual({ team: "orders" });
  });

  it("keeps queue names apart by letter case, region and account", async () => {
    const name = env.name();
    const upper = name.toUpperCase();
    const abroad = env.client({ region: "eu-west-1" });
    const stranger = env.client({ account: "111122223333" });
    await env.sqs.createQueue({ QueueName: name, Attributes: { DelaySeconds: "1" } });
    await env.sqs.createQueue({ QueueName: upper, Attributes: { DelaySeconds: "2" } });
    await abroad.createQueue({ QueueName: name, Attributes: { DelaySeconds: "3" } });
    const { QueueUrl } = await stranger.createQueue({ QueueName: name, Attributes: { DelaySeconds: "4" } });
    expect(QueueUrl).toBe(`${env.bus.endpoint}/111122223333/${name}`);
    const arnAndDelay = async (client: typeof abroad, QueueName: string) => {
      const { QueueUrl } = await client.getQueueUrl({ QueueName });
      const { Attributes } = await client.getQueueAttributes({
        QueueUrl,
        AttributeNames: ["QueueArn", "DelaySeconds"],
      });
      return Attributes;
    };
    const arn = (region: string, account: string, queue: string) => `arn:aws:sqs:${region}:${account}:${queue}`;
    expect(await arnAndDelay(env.sqs, name)).toEqual({
      QueueArn: arn("us-east-1", "000000000000", name),
      DelaySeconds: "1",
    });
    expect(await arnAndDelay(env.sqs, upper)).toEqual({
      QueueArn: arn("us-east-1", "000000000000", upper),
      DelaySeconds: "2",
    });
    expect(await arnAndDelay(abroad, name)).toEqual({
      QueueArn: arn("eu-west-1", "000000000000", name),
      DelaySeconds: "3",
    });
    expect(await arnAndDelay(stranger, name)).toEqual({
      QueueArn: arn("us-east-1", "111122223333", name),
      DelaySeconds: "4",
    });
    const listed = await abroad.listQueues({});
    expect(listed.QueueUrls).toEqual([`${env.bus.endpoint}/000000000000/${name}`]);
  });

  it("names the partition of the region in ARNs", async () => {
    const china = env.client({ region: "cn-north-1" });
    const { QueueUrl } = await china.createQueue({ QueueName: "q" });
    const { Attributes } = await china.getQueueAttributes({ QueueUrl, AttributeNames: ["QueueArn"] });
    expect(Attributes?.QueueArn).toBe("arn:aws-cn:sqs:cn-north-1:000000000000:q");
  });
});

eachSqs("DeleteQueue", (env) => {
  it("makes every call on the queue fail, and lets the name be taken again", async () => {
    const url = await env.queue();
    const name = url.split("/").at(-1) as string;
    await env.send(url, "gone");
    await env.sqs.deleteQueue({ QueueUrl: url });
    const calls = [
      env.sqs.getQueueUrl({ QueueName: name }),
      env.sqs.getQueueAttributes({ QueueUrl: url, AttributeNames: ["All"] }),
      env.sqs.sendMessage({ QueueUrl: url, MessageBody: "x" }),
      env.sqs.receiveMessage({ QueueUrl: url }),
      env.sqs.deleteQueue({ QueueUrl: url }),
      env.sqs.purgeQueue({ QueueUrl: url }),
      env.sqs.listQueueTags({ QueueUrl: url }),
      env.sqs.setQueueAttributes({ QueueUrl: url, Attributes: { DelaySeconds: "1" } }),
      env.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle: "x" }),
      env.sqs.listDeadLetterSourceQueues({ QueueUrl: url }),
      env.sqs.removePermission({ QueueUrl: url, Label: "x" }),
    ];
    for (const call of calls) expect(await refused(call)).toEqual(env.noSuchQueue);
    expect((await env.sqs.createQueue({ QueueName: name })).QueueUrl).toBe(url);
    expect(await env.receive(url)).toEqual([]);
    expect(await env.counts(url)).toEqual([0, 0, 0]);
  });
});

eachSqs("GetQueueUrl and queue URLs", (env) => {
  it("answers the URL that CreateQueue gave", async () => {
    const url = await env.queue();
    const QueueName = url.split("/").at(-1) as string;
    expect((await env.sqs.getQueueUrl({ QueueName })).QueueUrl).toBe(url);
    const stranger = env.client({ account: "444455556666" });
    expect((await env.sqs.getQueueUrl({ QueueName, QueueOwnerAWSAccountId: "000000000000" })).QueueUrl).toBe(url);
    expect(await refused(stranger.getQueueUrl({ QueueName }))).toEqual(env.noSuchQueue);
    expect(await refused(env.sqs.getQueueUrl({ QueueName, QueueOwnerAWSAccountId: "444455556666" }))).toEqual({
      ...env.noSuchQueue,
      message: "The specified queue does not exist or you do not have access to it.",
    });
    expect(await refused(env.sqs.getQueueUrl({ QueueName: undefined }))).toEqual(missingParameter("QueueName"));
  });

  it("reads any form of QueueUrl by its last segments", async () => {
    const url = await env.queue();
    const name = url.split("/").at(-1) as string;
    const forms = [
      url,
      `${url}/`,
      name,
      `/000000000000/${name}`,
      `https://sqs.us-east-1.amazonaws.com/000000000000/${name}`,
      `https://us-east-1.queue.amazonaws.com/000000000000/${name}`,
      `https://queue.amazonaws.com/000000000000/${name}`,
      `http://sqs:9324/000000000000/${name}`,
    ];
    for (const form of forms) await env.send(form, form);
    expect(await env.receiveBodies(url)).toEqual(forms);
    expect(await refused(env.sqs.sendMessage({ QueueUrl: undefined, MessageBody: "x" }))).toEqual(
      missingParameter("QueueUrl"),
    );
    expect(await refused(env.sqs.sendMessage({ QueueUrl: `${url}x`, MessageBody: "x" }))).toEqual(env.noSuchQueue);
  });

  it("refuses a QueueUrl that names no queue at all", async () => {
    const none = refusal("InvalidAddress", `The address ${env.bus.endpoint}/ is not valid for this endpoint.`, 404);
    const forms = [
      "",
      "/",
      `${env.bus.endpoint}/`,
      "https://queue.amazonaws.com/",
      `${env.bus.endpoint}/000000000000/`,
    ];
    for (const QueueUrl of forms) {
      expect(await refused(env.sqs.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] }))).toEqual(none);
      expect(await refused(env.sqs.receiveMessage({ QueueUrl }))).toEqual(none);
    }
    // Without a path the host is a queue's name as good as any.
    expect(await refused(env.sqs.receiveMessage({ QueueUrl: "http://whatever" }))).toEqual(env.noSuchQueue);
  });
});

eachSqs("ListQueues", (env) => {
  const account = "222233334444";

  it("has no QueueUrls when nothing matches", async () => {
    const answer = await env.client({ account }).listQueues({});
    expect("QueueUrls" in answer && answer.QueueUrls !== undefined).toBe(false);
    expect(answer.NextToken).toBeUndefined();
  });

  it("filters by a case-sensitive prefix and turns pages only for those who ask for them", async () => {
    const client = env.client({ account });
    const names = ["alpha-1", "alpha-2", "alpha-3", "Alpha-4", "beta"];
    for (const QueueName of names) await client.createQueue({ QueueName });
    const urls = (wanted: string[]) => wanted.map((name) => `${env.bus.endpoint}/${account}/${name}`);
    const all = await client.listQueues({});
    expect([...(all.QueueUrls ?? [])].sort()).toEqual(urls(names).sort());
    expect(all.NextToken).toBeUndefined();
    expect((await client.listQueues({ QueueNamePrefix: "alpha" })).QueueUrls).toEqual(urls(names.slice(0, 3)));
    expect((await client.listQueues({ QueueNamePrefix: "ALPHA" })).QueueUrls).toBeUndefined();

    const first = await client.listQueues({ QueueNamePrefix: "alpha", MaxResults: 2 });
    expect(first.QueueUrls).toEqual(urls(["alpha-1", "alpha-2"]));
    expect(first.NextToken).toEqual(expect.any(String));
    const second = await client.listQueues({
      QueueNamePrefix: "alpha",
      MaxResults: 2,
      NextToken: first.NextToken,
    });
    expect(second.QueueUrls).toEqual(urls(["alpha-3"]));
    expect(second.NextToken).toBeUndefined();
  });

  it("refuses page sizes and tokens that are none", async () => {
    for (const MaxResults of [0, 1001, -1]) {
      expect(await refused(env.sqs.listQueues({ MaxResults }))).toEqual(
        invalidValue(MaxResults, "MaxResults", "MaxResults must be an integer between 1 and 1000."),
      );
    }
    for (const NextToken of ["nonsense", "bnVsbA"]) {
      expect(await refused(env.sqs.listQueues({ MaxResults: 1, NextToken }))).toEqual(
        invalidParameter("Invalid or expired next token."),
      );
    }
  });

  it("lists at most a thousand without a page size, and gives no token then", async () => {
    const client = env.client({ account: "555566667777" });
    for (let batch = 0; batch < 21; batch++) {
      await Promise.all(
        Array.from({ length: 48 }, (_, index) =>
          client.createQueue({ QueueName: `many-${String(batch * 48 + index).padStart(4, "0")}` }),
        ),
      );
    }
    const { QueueUrls, NextToken } = await client.listQueues({});
    expect(QueueUrls?.length).toBe(1000);
    expect(NextToken).toBeUndefined();
  });
});

eachSqs("ListDeadLetterSourceQueues", (env) => {
  it("lists the queues that redrive to a queue, page by page", async () => {
    const target = await env.queue();
    expect((await env.sqs.listDeadLetterSourceQueues({ QueueUrl: target })).queueUrls ?? []).toEqual([]);
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: env.arn(target), maxReceiveCount: 3 });
    const sources = [await env.queue({ RedrivePolicy }), await env.queue({ RedrivePolicy })];
    await env.queue();
    const all = await env.sqs.listDeadLetterSourceQueues({ QueueUrl: target });
    expect([...(all.queueUrls ?? [])].sort()).toEqual([...sources].sort());
    const first = await env.sqs.listDeadLetterSourceQueues({ QueueUrl: target, MaxResults: 1 });
    const second = await env.sqs.listDeadLetterSourceQueues({
      QueueUrl: target,
      MaxResults: 1,
      NextToken: first.NextToken,
    });
    expect([...(first.queueUrls ?? []), ...(second.queueUrls ?? [])].sort()).toEqual([...sources].sort());
    expect(second.NextToken).toBeUndefined();
    for (const MaxResults of [0, 1001]) {
      expect(await refused(env.sqs.listDeadLetterSourceQueues({ QueueUrl: target, MaxResults }))).toEqual(
        invalidValue(MaxResults, "MaxResults", "MaxResults must be an integer between 1 and 1000."),
      );
    }
    const NextToken = "nonsense";
    expect(await refused(env.sqs.listDeadLetterSourceQueues({ QueueUrl: target, MaxResults: 1, NextToken }))).toEqual(
      invalidParameter("Invalid or expired next token."),
    );
    await env.sqs.setQueueAttributes({ QueueUrl: sources[0], Attributes: { RedrivePolicy: "" } });
    expect((await env.sqs.listDeadLetterSourceQueues({ QueueUrl: target })).queueUrls).toEqual([sources[1]]);
  });
});

eachSqs("tags", (env) => {
  it("are set at creation, overwritten, added and taken away, keys told apart by case", async () => {
    const { QueueUrl } = await env.sqs.createQueue({ QueueName: env.name(), tags: { MyTag: "1", empty: "" } });
    await env.sqs.tagQueue({ QueueUrl, Tags: { mytag: "2", empty: "now not", "a b_.:/=+-@": "ü" } });
    expect((await env.sqs.listQueueTags({ QueueUrl })).Tags).toEqual({
      MyTag: "1",
      mytag: "2",
      empty: "now not",
      "a b_.:/=+-@": "ü",
    });
    await env.sqs.untagQueue({ QueueUrl, TagKeys: ["MyTag", "empty", "a b_.:/=+-@", "never there"] });
    expect((await env.sqs.listQueueTags({ QueueUrl })).Tags).toEqual({ mytag: "2" });
    await env.sqs.untagQueue({ QueueUrl, TagKeys: ["mytag"] });
    expect((await env.sqs.listQueueTags({ QueueUrl })).Tags).toBeUndefined();
  });

  it("have limits of length, characters, number and prefix", async () => {
    const QueueUrl = await env.queue();
    await env.sqs.tagQueue({ QueueUrl, Tags: { ["k".repeat(128)]: "v".repeat(256) } });
    const many = Object.fromEntries(Array.from({ length: 51 }, (_, index) => [`t${index}`, ""]));
    const bad: Record<string, string>[] = [
      { ["k".repeat(129)]: "" },
      { k: "v".repeat(257) },
      { "k*": "" },
      { k: "{" },
      { "aws:x": "" },
      many,
    ];
    for (const Tags of bad) {
      expect(await refused(env.sqs.tagQueue({ QueueUrl, Tags }))).toMatchObject({ name: "InvalidParameterValue" });
    }
  });
});

eachSqs("PurgeQueue", (env) => {
  it("takes what is visible, delayed and in flight; what is sent right after stays", async () => {
    const url = await env.queue();
    await env.send(url, "in flight");
    expect(await env.receiveBodies(url)).toEqual(["in flight"]);
    await env.send(url, "visible");
    await env.sqs.sendMessage({ QueueUrl: url, MessageBody: "delayed", DelaySeconds: 60 });
    expect(await env.counts(url)).toEqual([1, 1, 1]);
    await env.sqs.purgeQueue({ QueueUrl: url });
    expect(await env.counts(url)).toEqual([0, 0, 0]);
    await env.send(url, "after");
    await env.bus.clock.advance("2m");
    expect(await env.receiveBodies(url)).toEqual(["after"]);
  });

  it("makes a FIFO queue forget what it deduplicates by", async () => {
    const url = await env.fifo();
    const first = await env.sendFifo(url, "g", "same");
    expect(await env.sendFifo(url, "g", "same")).toBe(first);
    await env.sqs.purgeQueue({ QueueUrl: url });
    const second = await env.sendFifo(url, "g", "same");
    expect(second).not.toBe(first);
    expect(await env.receiveBodies(url)).toEqual(["same"]);
  });

  it("may be repeated at once", async () => {
    const url = await env.queue();
    await env.sqs.purgeQueue({ QueueUrl: url });
    await env.sqs.purgeQueue({ QueueUrl: url });
    expect(await env.counts(url)).toEqual([0, 0, 0]);
  });
});

eachSqs(
  "strict mode",
  (env) => {
    it("keeps the name of a deleted queue for sixty seconds", async () => {
      const url = await env.queue();
      const QueueName = url.split("/").at(-1) as string;
      await env.sqs.deleteQueue({ QueueUrl: url });
      const tooSoon = prefixed(
        "QueueDeletedRecently",
        "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
      );
      expect(await refused(env.sqs.createQueue({ QueueName }))).toEqual(tooSoon);
      await env.bus.clock.advance("59s");
      expect(await refused(env.sqs.createQueue({ QueueName }))).toEqual(tooSoon);
      await env.bus.clock.advance("1s");
      expect((await env.sqs.createQueue({ QueueName })).QueueUrl).toBe(url);
    });

    it("allows one purge in sixty seconds", async () => {
      const QueueUrl = await env.queue();
      const name = QueueUrl.split("/").at(-1);
      await env.sqs.purgeQueue({ QueueUrl });
      expect(await refused(env.sqs.purgeQueue({ QueueUrl }))).toEqual(
        prefixed("PurgeQueueInProgress", `Only one PurgeQueue operation on ${name} is allowed every 60 seconds.`, 403),
      );
      await env.bus.clock.advance("60s");
      await env.sqs.purgeQueue({ QueueUrl });
    });
  },
  { strict: true },
);

eachSqs("digests", (env) => {
  it("are those of the body as UTF-8", async () => {
    const QueueUrl = await env.queue();
    const body = "Grüße, 世界 🚀\r\n\ttab";
    const md5 = createHash("md5").update(body).digest("hex");
    const sent = await env.sqs.sendMessage({ QueueUrl, MessageBody: body });
    expect(sent.MD5OfMessageBody).toBe(md5);
    expect(sent.MD5OfMessageAttributes).toBeUndefined();
    expect(sent.MD5OfMessageSystemAttributes).toBeUndefined();
    expect(sent.SequenceNumber).toBeUndefined();
    const [message] = await env.receive(QueueUrl);
    expect(message).toMatchObject({ Body: body, MD5OfBody: md5 });
  });
});
