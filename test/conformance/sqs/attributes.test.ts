/** Queue attributes: defaults, ranges, what is shown, and AWS's words for what is refused. */
import { expect, it } from "vitest";
import { eachSqs, invalidValue, missingParameter, refusal, refused, refusedEverywhere } from "../../support/sqs.ts";

const unknown = (name: string) => refusal("InvalidAttributeName", `Unknown Attribute ${name}.`);
const badValue = (name: string) => refusal("InvalidAttributeValue", `Invalid value for the parameter ${name}.`);

eachSqs("queue attributes", (env) => {
  it("of a fresh standard queue are exactly AWS's", async () => {
    const url = await env.queue();
    const seconds = String(Math.floor(env.bus.clock.now() / 1000));
    expect(await env.attributes(url)).toEqual({
      ApproximateNumberOfMessages: "0",
      ApproximateNumberOfMessagesDelayed: "0",
      ApproximateNumberOfMessagesNotVisible: "0",
      CreatedTimestamp: seconds,
      DelaySeconds: "0",
      LastModifiedTimestamp: seconds,
      MaximumMessageSize: "1048576",
      MessageRetentionPeriod: "345600",
      QueueArn: env.arn(url),
      ReceiveMessageWaitTimeSeconds: "0",
      SqsManagedSseEnabled: "true",
      VisibilityTimeout: "30",
    });
  });

  it("of a fresh FIFO queue have four more", async () => {
    const standard = Object.keys(await env.attributes(await env.queue()));
    const fifo = await env.attributes(await env.fifo());
    expect(Object.keys(fifo).sort()).toEqual(
      [...standard, "FifoQueue", "ContentBasedDeduplication", "DeduplicationScope", "FifoThroughputLimit"].sort(),
    );
    expect(fifo).toMatchObject({
      FifoQueue: "true",
      ContentBasedDeduplication: "false",
      DeduplicationScope: "queue",
      FifoThroughputLimit: "perQueue",
    });
  });

  it("are selected by name, and absent without a value", async () => {
    const QueueUrl = await env.queue();
    const get = (...AttributeNames: string[]) =>
      env.sqs.getQueueAttributes({ QueueUrl, AttributeNames: AttributeNames as never });
    expect((await env.sqs.getQueueAttributes({ QueueUrl })).Attributes).toBeUndefined();
    expect((await get("Policy")).Attributes).toBeUndefined();
    expect((await get("Policy", "DelaySeconds")).Attributes).toEqual({ DelaySeconds: "0" });
    expect((await get("All", "DelaySeconds")).Attributes).toHaveProperty("VisibilityTimeout");
    expect(await refused(get("DelaySeconds", "Nonsense"))).toEqual(unknown("Nonsense"));
  });

  it("have ranges", async () => {
    const ranges: [name: string, min: number, max: number][] = [
      ["DelaySeconds", 0, 900],
      ["MaximumMessageSize", 1024, 1_048_576],
      ["MessageRetentionPeriod", 60, 1_209_600],
      ["ReceiveMessageWaitTimeSeconds", 0, 20],
      ["VisibilityTimeout", 0, 43_200],
    ];
    for (const [name, min, max] of ranges) {
      const QueueUrl = await env.queue({ [name]: String(max) });
      expect((await env.attributes(QueueUrl))[name]).toBe(String(max));
      await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { [name]: String(min) } });
      expect((await env.attributes(QueueUrl))[name]).toBe(String(min));
      for (const value of [String(min - 1), String(max + 1), "x", "1.5", ""]) {
        expect(await refusedEverywhere(env, { [name]: value })).toEqual(badValue(name));
      }
    }
    const kms = { KmsMasterKeyId: "alias/aws/sqs" };
    for (const value of ["60", "86400"]) {
      const name = "KmsDataKeyReusePeriodSeconds";
      expect((await env.attributes(await env.queue({ ...kms, [name]: value })))[name]).toBe(value);
      expect(await env.attributes(await env.queue({ [name]: value }))).not.toHaveProperty(name);
    }
    for (const value of ["59", "86401"]) {
      expect(await refusedEverywhere(env, { ...kms, KmsDataKeyReusePeriodSeconds: value })).toEqual(
        badValue("KmsDataKeyReusePeriodSeconds"),
      );
    }
  });

  it("that do not exist or cannot be set are unknown", async () => {
    for (const name of ["Nonsense", "QueueArn", "CreatedTimestamp", "ApproximateNumberOfMessages", "delayseconds"]) {
      expect(await refusedEverywhere(env, { [name]: "1" })).toEqual(unknown(name));
    }
  });

  it("of FIFO queues are refused on standard ones", async () => {
    for (const [name, value] of [
      ["FifoQueue", "false"],
      ["ContentBasedDeduplication", "true"],
    ] as const) {
      expect(await refusedEverywhere(env, { [name]: value })).toEqual(unknown(name));
    }
    const QueueUrl = await env.queue();
    expect(await refused(env.sqs.setQueueAttributes({ QueueUrl, Attributes: { FifoQueue: "true" } }))).toEqual(
      unknown("FifoQueue"),
    );
    for (const [name, value] of [
      ["DeduplicationScope", "queue"],
      ["FifoThroughputLimit", "perQueue"],
    ] as const) {
      expect(await refusedEverywhere(env, { [name]: value })).toEqual(
        refusal("InvalidAttributeName", `You can specify the ${name} only when FifoQueue is set to true.`),
      );
    }
  });

  it("couple high throughput with deduplication in groups, one way", async () => {
    expect(await refusedEverywhere(env, { FifoThroughputLimit: "perMessageGroupId" }, true)).toEqual(
      refusal(
        "InvalidAttributeValue",
        "The perMessageGroupId value is allowed only when the value for DeduplicationScope is messageGroup.",
      ),
    );
    expect(await refusedEverywhere(env, { DeduplicationScope: "Queue" }, true)).toEqual(badValue("DeduplicationScope"));
    expect(await refusedEverywhere(env, { FifoThroughputLimit: "x" }, true)).toEqual(badValue("FifoThroughputLimit"));
    const alone = await env.fifo({ DeduplicationScope: "messageGroup" });
    expect(await env.attributes(alone)).toMatchObject({
      DeduplicationScope: "messageGroup",
      FifoThroughputLimit: "perQueue",
    });
    const both = await env.fifo({
      DeduplicationScope: "messageGroup",
      FifoThroughputLimit: "perMessageGroupId",
    });
    expect(await env.attributes(both)).toMatchObject({ FifoThroughputLimit: "perMessageGroupId" });
  });

  it("that are flags may be in any case and are shown in lower case", async () => {
    const { QueueUrl } = await env.sqs.createQueue({
      QueueName: env.name(".fifo"),
      Attributes: { FifoQueue: "True", ContentBasedDeduplication: "TRUE", SqsManagedSseEnabled: "False" },
    });
    expect(await env.attributes(QueueUrl as string)).toMatchObject({
      FifoQueue: "true",
      ContentBasedDeduplication: "true",
      SqsManagedSseEnabled: "false",
    });
    expect(await refusedEverywhere(env, { ContentBasedDeduplication: "yes" }, true)).toEqual(
      badValue("ContentBasedDeduplication"),
    );
  });

  it("do not change a queue's type", async () => {
    const QueueUrl = await env.fifo();
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { FifoQueue: "true" } });
    expect(await refused(env.sqs.setQueueAttributes({ QueueUrl, Attributes: { FifoQueue: "false" } }))).toEqual(
      refusal(
        "InvalidAttributeValue",
        "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is not supported.",
      ),
    );
  });

  it("are set all or none, and at least one", async () => {
    const QueueUrl = await env.queue();
    await refused(env.sqs.setQueueAttributes({ QueueUrl, Attributes: { DelaySeconds: "5", VisibilityTimeout: "-1" } }));
    expect(await env.attributes(QueueUrl)).toMatchObject({ DelaySeconds: "0", VisibilityTimeout: "30" });
    expect(await refused(env.sqs.setQueueAttributes({ QueueUrl, Attributes: {} }))).toEqual(
      missingParameter("Attribute.Name"),
    );
  });

  it("show when they were last modified", async () => {
    const QueueUrl = await env.queue();
    const created = (await env.attributes(QueueUrl))["CreatedTimestamp"];
    await env.bus.clock.advance("90s");
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { DelaySeconds: "5" } });
    expect(await env.attributes(QueueUrl)).toMatchObject({
      CreatedTimestamp: created,
      LastModifiedTimestamp: String(Number(created) + 90),
    });
  });
});

eachSqs("RedrivePolicy", (env) => {
  it("is shown as JSON with a number, however it was written", async () => {
    const deadLetterTargetArn = env.arn(await env.queue());
    const QueueUrl = await env.queue({ RedrivePolicy: JSON.stringify({ maxReceiveCount: "5", deadLetterTargetArn }) });
    const shown = (await env.attributes(QueueUrl))["RedrivePolicy"] as string;
    expect(JSON.parse(shown)).toEqual({ deadLetterTargetArn, maxReceiveCount: 5 });
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { RedrivePolicy: "" } });
    expect(await env.attributes(QueueUrl)).not.toHaveProperty("RedrivePolicy");
  });

  it("is refused for what is missing, out of range, elsewhere or of the other type", async () => {
    const deadLetterTargetArn = env.arn(await env.queue());
    const fifoArn = env.arn(await env.fifo());
    const abroad = env.client({ region: "eu-west-1" });
    await abroad.createQueue({ QueueName: "dlq-abroad" });
    const stranger = env.client({ account: "111122223333" });
    await stranger.createQueue({ QueueName: "dlq-of-another" });
    const range = (n: unknown) =>
      `Invalid value for maxReceiveCount: ${n}, valid values are from 1 to 1000 both inclusive.`;
    const owner = "Dead-letter target owner should be same as the source.";
    const cases: [policy: string, reason: string][] = [
      ["{}", "Redrive policy does not contain mandatory attribute: maxReceiveCount."],
      [
        JSON.stringify({ deadLetterTargetArn }),
        "Redrive policy does not contain mandatory attribute: maxReceiveCount.",
      ],
      ['{"maxReceiveCount":1}', "Redrive policy does not contain mandatory attribute: deadLetterTargetArn."],
      ["nonsense", "Redrive policy is not a valid JSON map."],
      ["[1]", "Redrive policy is not a valid JSON map."],
      [JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 0 }), range(0)],
      [JSON.stringify({ deadLetterTargetArn, maxReceiveCount: 1001 }), range(1001)],
      [JSON.stringify({ deadLetterTargetArn, maxReceiveCount: "x" }), range("x")],
      [
        JSON.stringify({ deadLetterTargetArn: `${deadLetterTargetArn}-not`, maxReceiveCount: 1 }),
        "Dead letter target does not exist.",
      ],
      [JSON.stringify({ deadLetterTargetArn: 7, maxReceiveCount: 1 }), "Dead letter target does not exist."],
      [
        JSON.stringify({ deadLetterTargetArn: fifoArn, maxReceiveCount: 1 }),
        "Dead-letter queue must be same type of queue as the source.",
      ],
      [
        JSON.stringify({ deadLetterTargetArn: "arn:aws:sqs:eu-west-1:000000000000:dlq-abroad", maxReceiveCount: 1 }),
        owner,
      ],
      [
        JSON.stringify({
          deadLetterTargetArn: "arn:aws:sqs:us-east-1:111122223333:dlq-of-another",
          maxReceiveCount: 1,
        }),
        owner,
      ],
    ];
    for (const [RedrivePolicy, reason] of cases) {
      expect(await refusedEverywhere(env, { RedrivePolicy })).toEqual(
        invalidValue(RedrivePolicy, "RedrivePolicy", reason),
      );
    }
  });
});

eachSqs("RedriveAllowPolicy", (env) => {
  it("is kept and shown as the text it was", async () => {
    const text = '{"redrivePermission":"allowAll"}';
    const QueueUrl = await env.queue({ RedriveAllowPolicy: text });
    expect((await env.attributes(QueueUrl))["RedriveAllowPolicy"]).toBe(text);
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { RedriveAllowPolicy: "" } });
    expect(await env.attributes(QueueUrl)).not.toHaveProperty("RedriveAllowPolicy");
  });

  it("must be one of three permissions, with sources where they are named", async () => {
    const arn = "arn:aws:sqs:us-east-1:000000000000:x";
    const bad = [
      "x",
      "{}",
      '{"redrivePermission":"everybody"}',
      '{"redrivePermission":"byQueue"}',
      JSON.stringify({ redrivePermission: "allowAll", sourceQueueArns: [arn] }),
      JSON.stringify({ redrivePermission: "byQueue", sourceQueueArns: Array(11).fill(arn) }),
    ];
    for (const RedriveAllowPolicy of bad) {
      expect(await refusedEverywhere(env, { RedriveAllowPolicy })).toEqual(badValue("RedriveAllowPolicy"));
    }
  });

  it("says who may name the queue as a dead-letter queue", async () => {
    const allowed = env.name();
    const target = await env.queue({ RedriveAllowPolicy: '{"redrivePermission":"denyAll"}' });
    const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: env.arn(target), maxReceiveCount: 1 });
    const create = (QueueName: string) => env.sqs.createQueue({ QueueName, Attributes: { RedrivePolicy } });
    expect(await refused(create(allowed))).toMatchObject({ name: "InvalidParameterValue" });
    await env.sqs.setQueueAttributes({
      QueueUrl: target,
      Attributes: {
        RedriveAllowPolicy: JSON.stringify({
          redrivePermission: "byQueue",
          sourceQueueArns: [`arn:aws:sqs:us-east-1:000000000000:${allowed}`],
        }),
      },
    });
    expect(await refused(create(env.name()))).toMatchObject({ name: "InvalidParameterValue" });
    await create(allowed);
  });
});

eachSqs("encryption attributes", (env) => {
  it("are exclusive: a KMS key turns off SQS's own encryption", async () => {
    const QueueUrl = await env.queue();
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { KmsMasterKeyId: "alias/aws/sqs" } });
    expect(await env.attributes(QueueUrl)).toMatchObject({
      KmsMasterKeyId: "alias/aws/sqs",
      KmsDataKeyReusePeriodSeconds: "300",
      SqsManagedSseEnabled: "false",
    });
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { KmsDataKeyReusePeriodSeconds: "60" } });
    expect(await env.attributes(QueueUrl)).toMatchObject({ KmsDataKeyReusePeriodSeconds: "60" });
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { KmsMasterKeyId: "" } });
    const withoutKey = async (SqsManagedSseEnabled: string) => {
      const attributes = await env.attributes(QueueUrl);
      expect(attributes).toMatchObject({ SqsManagedSseEnabled });
      expect(attributes).not.toHaveProperty("KmsMasterKeyId");
      expect(attributes).not.toHaveProperty("KmsDataKeyReusePeriodSeconds");
    };
    await withoutKey("false");
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { KmsMasterKeyId: "key" } });
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { SqsManagedSseEnabled: "true" } });
    await withoutKey("true");
  });
});
