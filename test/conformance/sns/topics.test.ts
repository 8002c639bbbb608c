import {
  AddPermissionCommand,
  CreateTopicCommand,
  DeleteTopicCommand,
  GetDataProtectionPolicyCommand,
  GetTopicAttributesCommand,
  ListTagsForResourceCommand,
  ListTopicsCommand,
  PutDataProtectionPolicyCommand,
  RemovePermissionCommand,
  SetTopicAttributesCommand,
  TagResourceCommand,
  UntagResourceCommand,
} from "@aws-sdk/client-sns";
import { describe, expect, it } from "vitest";
import { type Bench, refusal, startSns } from "../../support/sns-bus.ts";

const attributesOf = async ({ sns }: Bench, TopicArn: string) =>
  (await sns.send(new GetTopicAttributesCommand({ TopicArn }))).Attributes ?? {};

const set = ({ sns }: Bench, TopicArn: string, AttributeName: string, AttributeValue?: string) =>
  sns.send(new SetTopicAttributesCommand({ TopicArn, AttributeName, AttributeValue }));

const defaultDelivery =
  '{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3,"numMaxDelayRetries":0,"numNoDelayRetries":0,"numMinDelayRetries":0,"backoffFunction":"linear"},"disableSubscriptionOverrides":false,"defaultRequestPolicy":{"headerContentType":"text/plain; charset=UTF-8"}}}';

describe("CreateTopic", () => {
  it("takes names of 1 to 256 characters, and .fifo for FIFO topics only", async () => {
    const { sns, topic } = await startSns();
    const bad = "InvalidParameter: Invalid parameter: Topic Name";
    for (const Name of ["", "x".repeat(257), "a:b", "a b", "a%", "plain.fifo"]) {
      expect(await refusal(sns.send(new CreateTopicCommand({ Name })))).toBe(bad);
    }
    expect(await refusal(sns.send(new CreateTopicCommand({ Name: "t", Attributes: { FifoTopic: "true" } })))).toBe(bad);
    expect(await topic("x".repeat(256))).toBe(`arn:aws:sns:us-east-1:000000000000:${"x".repeat(256)}`);
    expect(await topic("orders.fifo")).toBe("arn:aws:sns:us-east-1:000000000000:orders.fifo");
  });

  it("answers with an existing topic that matches, and refuses one that does not", async () => {
    const bench = await startSns();
    const { sns } = bench;
    const create = (Attributes?: Record<string, string>, Tags?: { Key: string; Value: string }[]) =>
      sns.send(new CreateTopicCommand({ Name: "t", Attributes, Tags }));
    const { TopicArn } = await create({ DisplayName: "d" }, [
      { Key: "a", Value: "1" },
      { Key: "b", Value: "2" },
    ]);
    expect((await create()).TopicArn).toBe(TopicArn);
    expect((await create({ DisplayName: "d" })).TopicArn).toBe(TopicArn);
    expect((await create({ FifoTopic: "false" })).TopicArn).toBe(TopicArn);
    expect((await create({}, [{ Key: "b", Value: "2" }])).TopicArn).toBe(TopicArn);
    const different =
      "InvalidParameter: Invalid parameter: Attributes Reason: Topic already exists with different attributes";
    expect(await refusal(create({ DisplayName: "e" }))).toBe(different);
    expect(await refusal(create({ KmsMasterKeyId: "k" }))).toBe(different);
    const otherTags = "InvalidParameter: Invalid parameter: Tags Reason: Topic already exists with different tags";
    expect(await refusal(create({}, [{ Key: "c", Value: "3" }]))).toBe(otherTags);
    expect(await refusal(create({ Nonsense: "1" }))).toBe(
      "InvalidParameter: Invalid parameter: Attributes Reason: Unknown attribute: Nonsense",
    );
    await sns.send(new DeleteTopicCommand({ TopicArn }));
    expect((await create({ DisplayName: "e" })).TopicArn).toBe(TopicArn);
    expect((await sns.send(new ListTagsForResourceCommand({ ResourceArn: TopicArn }))).Tags).toEqual([]);
  });
});

describe("topic attributes", () => {
  it("are AWS's own for a fresh topic", async () => {
    const bench = await startSns();
    const arn = await bench.topic("t");
    expect(await attributesOf(bench, arn)).toEqual({
      TopicArn: arn,
      Owner: "000000000000",
      DisplayName: "",
      SubscriptionsConfirmed: "0",
      SubscriptionsPending: "0",
      SubscriptionsDeleted: "0",
      EffectiveDeliveryPolicy: defaultDelivery,
      Policy: `{"Version":"2008-10-17","Id":"__default_policy_ID","Statement":[{"Sid":"__default_statement_ID","Effect":"Allow","Principal":{"AWS":"*"},"Action":["SNS:GetTopicAttributes","SNS:SetTopicAttributes","SNS:AddPermission","SNS:RemovePermission","SNS:DeleteTopic","SNS:Subscribe","SNS:ListSubscriptionsByTopic","SNS:Publish"],"Resource":"${arn}","Condition":{"StringEquals":{"AWS:SourceOwner":"000000000000"}}}]}`,
    });
    const fifo = await attributesOf(bench, await bench.topic("t.fifo", { ContentBasedDeduplication: "true" }));
    expect(fifo).toMatchObject({ FifoTopic: "true", ContentBasedDeduplication: "true" });
  });

  it("keep a delivery policy as AWS echoes it, and show the effective one", async () => {
    const bench = await startSns();
    const arn = await bench.topic("t");
    await set(
      bench,
      arn,
      "DeliveryPolicy",
      '{"http":{"defaultRequestPolicy":{"headerContentType":"application/json"},"defaultThrottlePolicy":null}}',
    );
    const { DeliveryPolicy, EffectiveDeliveryPolicy } = await attributesOf(bench, arn);
    expect(DeliveryPolicy).toBe(
      '{"http":{"defaultRequestPolicy":{"headerContentType":"application/json"},"disableSubscriptionOverrides":false}}',
    );
    expect(EffectiveDeliveryPolicy).toBe(defaultDelivery.replace("text/plain; charset=UTF-8", "application/json"));
    const healthy = { minDelayTarget: 5, maxDelayTarget: 6, numRetries: 1 };
    await set(bench, arn, "DeliveryPolicy", JSON.stringify({ http: { defaultHealthyRetryPolicy: healthy } }));
    expect((await attributesOf(bench, arn))["EffectiveDeliveryPolicy"]).toBe(
      defaultDelivery.replace(
        '"minDelayTarget":20,"maxDelayTarget":20,"numRetries":3',
        '"minDelayTarget":5,"maxDelayTarget":6,"numRetries":1',
      ),
    );
    await set(bench, arn, "DeliveryPolicy", "");
    expect(await attributesOf(bench, arn)).not.toHaveProperty("DeliveryPolicy");
  });

  it.each([
    ["Nonsense", "x", "Invalid parameter: AttributeName"],
    ["FifoTopic", "true", "Invalid parameter: AttributeName"],
    ["Policy", "nonsense", "Invalid parameter: Policy Error: null"],
    [
      "Policy",
      '{"Statement":[{"Effect":"Allow","Principal":"*","Action":"sqs:SendMessage","Resource":"*"}]}',
      "Invalid parameter: Policy statement action out of service scope!",
    ],
    ["DeliveryPolicy", "[]", "Invalid parameter: DeliveryPolicy: failed to parse JSON."],
    [
      "DeliveryPolicy",
      '{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":0,"maxDelayTarget":6,"numRetries":1}}}',
      "Invalid parameter: DeliveryPolicy: defaultHealthyRetryPolicy.minDelayTarget must be greater than or equal to 1",
    ],
    [
      "DeliveryPolicy",
      '{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":3601,"numRetries":1}}}',
      "Invalid parameter: DeliveryPolicy: defaultHealthyRetryPolicy.maxDelayTarget must be less than or equal to 3600",
    ],
    [
      "DeliveryPolicy",
      '{"http":{"defaultHealthyRetryPolicy":{"minDelayTarget":1,"maxDelayTarget":6}}}',
      "Invalid parameter: DeliveryPolicy: defaultHealthyRetryPolicy.numRetries must be specified",
    ],
    ["SignatureVersion", "3", "Invalid parameter: SignatureVersion: Invalid value [3]. Must be one of 1, 2"],
    ["SQSSuccessFeedbackSampleRate", "101", "Invalid parameter: SQSSuccessFeedbackSampleRate"],
  ])("refuse %s=%s", async (name, value, message) => {
    const bench = await startSns();
    expect(await refusal(set(bench, await bench.topic("t"), name, value))).toBe(`InvalidParameter: ${message}`);
  });

  it("accept valid values", async () => {
    const bench = await startSns();
    const arn = await bench.topic("t");
    const values = {
      DisplayName: "Orders",
      TracingConfig: "Active",
      SignatureVersion: "2",
      KmsMasterKeyId: "alias/aws/sns",
      HTTPSuccessFeedbackRoleArn: "arn:aws:iam::000000000000:role/r",
      HTTPSuccessFeedbackSampleRate: "50",
    };
    for (const [name, value] of Object.entries(values)) await set(bench, arn, name, value);
    expect(await attributesOf(bench, arn)).toMatchObject(values);
  });
});

describe("a topic's ARN", () => {
  it.each([
    ["nonsense", "InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"],
    ["", "InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 1"],
    ["a:b:c", "InvalidParameter: Invalid parameter: TopicArn Reason: An ARN must have at least 6 elements, not 3"],
    [undefined, "InvalidParameter: Invalid parameter: TopicArn Reason: no value for required parameter"],
    ["arn:aws:sns:eu-west-1:000000000000:t", "InvalidParameter: Invalid parameter: TopicArn"],
    ["arn:aws:sqs:us-east-1:000000000000:t", "InvalidParameter: Invalid parameter: TopicArn"],
    ["arn:aws:sns:us-east-1:000000000000:t", "NotFound: Topic does not exist"],
  ])("%s", async (TopicArn, message) => {
    const { sns } = await startSns();
    expect(await refusal(sns.send(new GetTopicAttributesCommand({ TopicArn })))).toBe(message);
  });
});

describe("DeleteTopic", () => {
  it("succeeds for a topic that is not there, and refuses one with an archive", async () => {
    const { sns, topic } = await startSns();
    const gone = "arn:aws:sns:us-east-1:000000000000:gone";
    expect(await refusal(sns.send(new DeleteTopicCommand({ TopicArn: gone })))).toBe("accepted");
    expect(await refusal(sns.send(new DeleteTopicCommand({ TopicArn: "x" })))).toContain("at least 6 elements");
    const TopicArn = await topic("t.fifo", { ArchivePolicy: '{"MessageRetentionPeriod":"3"}' });
    expect(await refusal(sns.send(new DeleteTopicCommand({ TopicArn })))).toMatch(/^InvalidState: /);
  });
});

describe("ListTopics", () => {
  it("gives a hundred a page", async () => {
    const { sns, topic } = await startSns();
    for (let i = 0; i < 150; i++) await topic(`t${i}`);
    const first = await sns.send(new ListTopicsCommand({}));
    const second = await sns.send(new ListTopicsCommand({ NextToken: first.NextToken }));
    expect([first.Topics?.length, second.Topics?.length, second.NextToken]).toEqual([100, 50, undefined]);
    expect(new Set([...(first.Topics ?? []), ...(second.Topics ?? [])].map(({ TopicArn }) => TopicArn)).size).toBe(150);
    expect(await refusal(sns.send(new ListTopicsCommand({ NextToken: "!" })))).toBe(
      "InvalidParameter: Invalid parameter: NextToken",
    );
  });
});

describe("permissions", () => {
  it("are statements of the policy", async () => {
    const bench = await startSns();
    const { sns } = bench;
    const TopicArn = await bench.topic("t");
    const add = (Label: string, AWSAccountId: string[], ActionName: string[]) =>
      sns.send(new AddPermissionCommand({ TopicArn, Label, AWSAccountId, ActionName }));
    await add("one", ["111122223333"], ["Publish"]);
    await add("more", ["111122223333", "444455556666"], ["Publish", "Subscribe"]);
    const { Statement } = JSON.parse((await attributesOf(bench, TopicArn))["Policy"] ?? "");
    expect(Statement.slice(1)).toEqual([
      {
        Sid: "one",
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::111122223333:root" },
        Action: "SNS:Publish",
        Resource: TopicArn,
      },
      {
        Sid: "more",
        Effect: "Allow",
        Principal: { AWS: ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"] },
        Action: ["SNS:Publish", "SNS:Subscribe"],
        Resource: TopicArn,
      },
    ]);
    await add("more", ["444455556666", "111122223333"], ["Publish", "Subscribe"]);
    expect(await refusal(add("one", ["111122223333"], ["Subscribe"]))).toBe(
      "InvalidParameter: Invalid parameter: Statement already exists",
    );
    expect(await refusal(add("two", ["111122223333"], ["SendMessage"]))).toBe(
      "InvalidParameter: Invalid parameter: Policy statement action out of service scope!",
    );
    const remove = (Label: string) => sns.send(new RemovePermissionCommand({ TopicArn, Label }));
    await remove("one");
    await remove("one");
    const left = JSON.parse((await attributesOf(bench, TopicArn))["Policy"] ?? "");
    expect(left.Statement.map(({ Sid }: { Sid: string }) => Sid)).toEqual(["__default_statement_ID", "more"]);
  });
});

describe("tags", () => {
  it("are added, replaced and removed", async () => {
    const { sns, topic } = await startSns();
    const ResourceArn = await topic("t");
    const tag = (...Tags: { Key: string; Value: string }[]) => sns.send(new TagResourceCommand({ ResourceArn, Tags }));
    const list = async () => (await sns.send(new ListTagsForResourceCommand({ ResourceArn }))).Tags;
    expect(await list()).toEqual([]);
    await tag({ Key: "a", Value: "1" }, { Key: "b", Value: "2" });
    await tag({ Key: "a", Value: "3" });
    await sns.send(new UntagResourceCommand({ ResourceArn, TagKeys: ["b", "zzz"] }));
    expect(await list()).toEqual([{ Key: "a", Value: "3" }]);
    expect(await refusal(tag({ Key: "x", Value: "1" }, { Key: "x", Value: "2" }))).toBe(
      "InvalidParameter: Invalid parameter: Duplicated keys are not allowed.",
    );
    const many = Array.from({ length: 50 }, (_, i) => ({ Key: `k${i}`, Value: "v" }));
    expect(await refusal(tag(...many))).toMatch(/^TagLimitExceeded: /);
    const missing = new ListTagsForResourceCommand({ ResourceArn: `${ResourceArn}x` });
    expect(await refusal(sns.send(missing))).toBe("ResourceNotFound: Resource does not exist");
  });
});

describe("data protection policies", () => {
  it("are stored", async () => {
    const { sns, topic } = await startSns();
    const ResourceArn = await topic("t");
    const get = async () => (await sns.send(new GetDataProtectionPolicyCommand({ ResourceArn }))).DataProtectionPolicy;
    const put = (DataProtectionPolicy: string, arn = ResourceArn) =>
      sns.send(new PutDataProtectionPolicyCommand({ ResourceArn: arn, DataProtectionPolicy }));
    expect(await get()).toBe("");
    const policy = JSON.stringify({ Name: "p", Version: "2021-06-01", Statement: [{ Sid: "s" }] });
    await put(policy);
    expect(await get()).toBe(policy);
    expect(await refusal(put("x".repeat(30_721)))).toMatch(/^InvalidParameter: /);
    expect(await refusal(put(policy, await topic("t.fifo")))).toMatch(/not supported for FIFO topics$/);
  });
});
