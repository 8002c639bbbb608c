/** Queues with a KMS key, where the user says where KMS is. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { SQS } from "@aws-sdk/client-sqs";
import { afterAll, beforeEach, expect, it } from "vitest";
import { createBusbar } from "../../../src/index.ts";
import { startKms } from "../../support/kms.ts";
import { eachSqs, type Refusal, refusal, refused } from "../../support/sqs.ts";

const kms = await startKms();
afterAll(() => kms.close());
beforeEach(() => {
  kms.refusals.clear();
  kms.held = undefined;
  kms.operations();
});

const keyId = "1234abcd-12ab-34cd-56ef-1234567890ab";
const blob = Buffer.from(`of ${keyId}`).toString("base64");

function refusedAs(name: string, code: string, kmsCode: string, kmsStatus = 400): Refusal {
  const text = `no (Service: AWSKMS; Status Code: ${kmsStatus}; Error Code: ${kmsCode}; Request ID: the-request; Proxy: null)`;
  return refusal(name, text, name === "KmsOptInRequired" ? 403 : 400, code);
}

eachSqs(
  "a queue with a KMS key",
  (env) => {
    it("has a data key made and verified for a producer, and decrypted for a consumer", async () => {
      const url = await env.queue({ KmsMasterKeyId: keyId });
      const EncryptionContext = { "aws:sqs:arn": env.arn(url) };
      await env.send(url, "plain");
      const account = "000000000000";
      const decrypt = { operation: "Decrypt", account, input: { CiphertextBlob: blob, EncryptionContext } };
      expect(kms.asked.splice(0)).toEqual([
        { operation: "GenerateDataKey", account, input: { KeyId: keyId, KeySpec: "AES_256", EncryptionContext } },
        decrypt,
      ]);
      expect(await env.receiveBodies(url)).toEqual(["plain"]);
      expect(kms.asked.splice(0)).toEqual([decrypt]);
    });

    it("reuses what KMS allowed for the period of the queue", async () => {
      const url = await env.queue({
        KmsMasterKeyId: keyId,
        KmsDataKeyReusePeriodSeconds: "60",
        VisibilityTimeout: "3600",
      });
      const both = async () => {
        await env.send(url, "x");
        await env.sqs.sendMessageBatch({ QueueUrl: url, Entries: [{ Id: "a", MessageBody: "y" }] });
        expect(await env.receiveBodies(url)).toHaveLength(2);
      };
      await both();
      expect(kms.operations()).toEqual(["GenerateDataKey", "Decrypt", "Decrypt"]);
      await env.bus.clock.advance("59s999ms");
      await both();
      expect(kms.operations()).toEqual([]);
      await env.bus.clock.advance(1);
      await both();
      expect(kms.operations()).toEqual(["GenerateDataKey", "Decrypt", "Decrypt"]);
    });

    it("asks again for another key and for another principal", async () => {
      const url = await env.queue({ KmsMasterKeyId: keyId });
      await env.send(url, "x");
      await env.sqs.setQueueAttributes({ QueueUrl: url, Attributes: { KmsMasterKeyId: "alias/other" } });
      kms.operations();
      await env.send(url, "x");
      expect(kms.asked.splice(0)[0]?.input).toMatchObject({ KeyId: "alias/other" });
      await env.sqs.addPermission({
        QueueUrl: url,
        Label: "l",
        AWSAccountIds: ["111122223333"],
        Actions: ["SendMessage"],
      });
      await env.client({ account: "111122223333" }).sendMessage({ QueueUrl: url, MessageBody: "x" });
      expect(kms.asked.splice(0).map(({ account }) => account)).toEqual(["111122223333", "111122223333"]);
    });

    it("does not ask for AWS's own key, nor without a key", async () => {
      for (const attributes of [{}, { KmsMasterKeyId: "alias/aws/sqs" }, { SqsManagedSseEnabled: "true" }]) {
        const url = await env.queue(attributes as Record<string, string>);
        await env.send(url, "x");
        expect(await env.receiveBodies(url)).toEqual(["x"]);
      }
      const url = await env.queue({ KmsMasterKeyId: "arn:aws:kms:us-east-1:000000000000:alias/aws/sqs" });
      await env.send(url, "x");
      expect(kms.operations()).toEqual([]);
    });

    it("does not ask before there is something to encrypt or decrypt", async () => {
      const url = await env.queue({ KmsMasterKeyId: keyId });
      expect(await env.receive(url)).toEqual([]);
      await env.attributes(url);
      expect(await refused(env.send(url, ""))).toMatchObject({ name: "MissingParameter" });
      expect(kms.operations()).toEqual([]);
    });

    it.each([
      ["AccessDeniedException", "KmsAccessDenied", "KMS.AccessDeniedException"],
      ["DisabledException", "KmsDisabled", "KMS.DisabledException"],
      ["InvalidKeyUsageException", "KmsInvalidKeyUsage", "KMS.InvalidKeyUsageException"],
      ["KMSInvalidStateException", "KmsInvalidState", "KMS.InvalidStateException"],
      ["NotFoundException", "KmsNotFound", "KMS.NotFoundException"],
      ["OptInRequired", "KmsOptInRequired", "KMS.OptInRequired"],
      ["ThrottlingException", "KmsThrottled", "KMS.ThrottlingException"],
    ])("answers %s as %s to sends and receives, and to nothing else", async (code, name, queryCode) => {
      const QueueUrl = await env.queue({ KmsMasterKeyId: keyId });
      const expected = refusedAs(name, queryCode, code);
      await env.send(QueueUrl, "before");
      kms.refusals.set("Decrypt", { code, message: "no" });
      expect(await refused(env.sqs.receiveMessage({ QueueUrl }))).toEqual(expected);
      expect(await env.counts(QueueUrl)).toEqual([1, 0, 0]);
      await env.bus.clock.advance("5m");
      expect(await refused(env.send(QueueUrl, "x"))).toEqual(expected);
      kms.refusals.clear();
      kms.refusals.set("GenerateDataKey", { code: `com.amazonaws.kms#${code}`, message: "no" });
      expect(await refused(env.send(QueueUrl, "x"))).toEqual(expected);
      const Entries = [{ Id: "a", MessageBody: "x" }];
      expect(await refused(env.sqs.sendMessageBatch({ QueueUrl, Entries }))).toEqual(expected);
      const [message] = await env.receive(QueueUrl);
      expect(message?.Body).toBe("before");
      await env.sqs.deleteMessage({ QueueUrl, ReceiptHandle: message?.ReceiptHandle });
      kms.refusals.clear();
      await env.send(QueueUrl, "after");
      expect(await env.receiveBodies(QueueUrl)).toEqual(["after"]);
    });

    it("is unavailable when KMS fails or answers otherwise", async () => {
      const url = await env.queue({ KmsMasterKeyId: keyId });
      kms.refusals.set("GenerateDataKey", { code: "KMSInternalException", message: "no", status: 500 });
      expect(await refused(env.send(url, "x"))).toEqual({
        ...refusedAs("ServiceUnavailable", "ServiceUnavailable", "KMSInternalException", 500),
        status: 503,
        fault: "Receiver",
      });
    });

    it("lets a long poll wait, and asks when a message comes", async () => {
      const url = await env.queue({ KmsMasterKeyId: keyId });
      const { answer } = await env.poll(url);
      expect(kms.operations()).toEqual([]);
      await env.send(url, "x");
      expect((await answer).map(({ Body }) => Body)).toEqual(["x"]);
      expect(kms.operations()).toEqual(["GenerateDataKey", "Decrypt", "Decrypt"]);
    });

    it("tells a long poll what KMS refuses it", async () => {
      const url = await env.queue({ KmsMasterKeyId: keyId });
      await env.sqs.sendMessage({ QueueUrl: url, MessageBody: "late", DelaySeconds: 5 });
      kms.refusals.set("Decrypt", { code: "DisabledException", message: "no" });
      const { answer } = await env.poll(url);
      await env.bus.clock.advance("5s");
      expect(await refused(answer)).toEqual(refusedAs("KmsDisabled", "KMS.DisabledException", "DisabledException"));
      expect(await env.counts(url)).toEqual([1, 0, 0]);
    });

    it("asks once for calls that come together", async () => {
      const url = await env.queue({ KmsMasterKeyId: keyId });
      let go = () => {};
      kms.held = new Promise<void>((resolve) => {
        go = resolve;
      });
      const sends = ["a", "b", "c"].map((body) => env.send(url, body));
      while (kms.asked.length === 0) await env.attributes(url);
      for (let turn = 0; turn < 5; turn++) await env.attributes(url);
      go();
      await Promise.all(sends);
      expect(kms.operations()).toEqual(["GenerateDataKey", "Decrypt"]);
      expect((await env.receiveBodies(url)).sort()).toEqual(["a", "b", "c"]);
    });

    it("takes no message for a queue that is deleted while KMS is asked", async () => {
      const url = await env.queue({ KmsMasterKeyId: keyId });
      let go = () => {};
      kms.held = new Promise<void>((resolve) => {
        go = resolve;
      });
      const sending = refused(env.send(url, "x"));
      while (kms.asked.length === 0) await env.attributes(url);
      await env.sqs.deleteQueue({ QueueUrl: url });
      go();
      expect(await sending).toEqual(env.noSuchQueue);
      const QueueName = url.split("/").at(-1) as string;
      await env.sqs.createQueue({ QueueName, Attributes: { KmsMasterKeyId: keyId } });
      expect(await env.counts(url)).toEqual([0, 0, 0]);
      kms.operations();
      await env.send(url, "y");
      expect(kms.operations()).toEqual(["GenerateDataKey", "Decrypt"]);
    });

    it("has a data key made for dead letters, which brought none", async () => {
      const dead = await env.queue({ KmsMasterKeyId: keyId });
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: env.arn(dead), maxReceiveCount: 1 });
      const source = await env.queue({ RedrivePolicy, VisibilityTimeout: "0" });
      await env.send(source, "x");
      await env.receive(source);
      await env.receive(source);
      expect(kms.operations()).toEqual([]);
      expect(await env.receiveBodies(dead)).toEqual(["x"]);
      expect(kms.operations()).toEqual(["GenerateDataKey", "Decrypt"]);
    });
  },
  { endpoints: { kms: kms.url } },
);

eachSqs(
  "a queue with a KMS key, where KMS is not",
  (env) => {
    it("is unavailable to those who send and receive", async () => {
      const url = await env.queue({ KmsMasterKeyId: keyId });
      expect(await refused(env.send(url, "x"))).toMatchObject({
        name: "ServiceUnavailable",
        status: 503,
        message: expect.stringContaining("KMS at http://127.0.0.1:9 does not answer"),
      });
    });
  },
  { endpoints: { kms: "http://127.0.0.1:9" } },
);

eachSqs("a queue with a KMS key, without an endpoint for KMS", (env) => {
  it("assumes that its key may be used", async () => {
    const url = await env.queue({ KmsMasterKeyId: keyId });
    await env.send(url, "x");
    expect(await env.receiveBodies(url)).toEqual(["x"]);
    expect(kms.operations()).toEqual([]);
  });
});

it("a data key outlives a restart, after which KMS is asked to decrypt it again", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "busbar-kms-"));
  const open = async () => {
    const bus = await createBusbar({ dataDir, port: false, clock: "virtual", endpoints: { kms: kms.url } });
    return { bus, sqs: new SQS({ ...bus.clientConfig(), maxAttempts: 1 }) };
  };
  const before = await open();
  const Attributes = { KmsMasterKeyId: keyId, VisibilityTimeout: "0" };
  const { QueueUrl } = await before.sqs.createQueue({ QueueName: "q", Attributes });
  await before.sqs.sendMessage({ QueueUrl, MessageBody: "x" });
  await before.sqs.receiveMessage({ QueueUrl });
  await before.bus.close();
  kms.operations();
  const after = await open();
  expect((await after.sqs.receiveMessage({ QueueUrl })).Messages?.[0]?.Body).toBe("x");
  expect(kms.asked.splice(0)).toMatchObject([{ operation: "Decrypt", input: { CiphertextBlob: blob } }]);
  await after.bus.close();
  await rm(dataDir, { recursive: true, force: true });
});
