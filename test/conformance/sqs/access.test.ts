/** What clients of other accounts may do with a queue. */

import { SQS } from "@aws-sdk/client-sqs";
import { STS } from "@aws-sdk/client-sts";
import { expect, it } from "vitest";
import { postForm } from "../../support/http.ts";
import { eachSqs, type Refusal, refusal, refused, type SqsEnvironment } from "../../support/sqs.ts";

const stranger = "111122223333";
const ownerArn = "arn:aws:iam::000000000000:user/busbar";
const strangerArn = `arn:aws:iam::${stranger}:user/busbar`;

function denied(action: string, resource: string, why?: string, arn = strangerArn): Refusal {
  const name = `sqs:${action.toLowerCase()}`;
  const reason = why ?? `because no resource-based policy allows the ${name} action`;
  const message = `User: ${arn} is not authorized to perform: ${name} on resource: ${resource} ${reason}`;
  // Over JSON a client shows the query code as the name of what AWS does not model.
  return refusal("AccessDenied", message, 403);
}

const everything = (Resource: string, changes: object = {}) =>
  JSON.stringify({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: "*", Action: "sqs:*", Resource, ...changes }],
  });

eachSqs(
  "a queue of another account",
  (env) => {
    const setPolicy = (QueueUrl: string, Policy: string) =>
      env.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy } });
    const as = (account = stranger) => env.client({ account });

    /** Every call that names a queue, with the action a policy grants for it. */
    function calls(env: SqsEnvironment, client: SQS, url: string): [action: string, call: () => Promise<unknown>][] {
      const QueueUrl = url;
      const Entries = [{ Id: "a", MessageBody: "x", ReceiptHandle: "x", VisibilityTimeout: 1 }];
      const SourceArn = env.arn(url);
      const handle = Buffer.from(JSON.stringify({ taskId: "t", sourceArn: SourceArn })).toString("base64");
      return [
        ["SendMessage", () => client.sendMessage({ QueueUrl, MessageBody: "x" })],
        ["SendMessage", () => client.sendMessageBatch({ QueueUrl, Entries })],
        ["ReceiveMessage", () => client.receiveMessage({ QueueUrl })],
        ["DeleteMessage", () => client.deleteMessage({ QueueUrl, ReceiptHandle: "x" })],
        ["DeleteMessage", () => client.deleteMessageBatch({ QueueUrl, Entries })],
        [
          "ChangeMessageVisibility",
          () => client.changeMessageVisibility({ QueueUrl, ReceiptHandle: "x", VisibilityTimeout: 1 }),
        ],
        ["ChangeMessageVisibility", () => client.changeMessageVisibilityBatch({ QueueUrl, Entries })],
        ["GetQueueAttributes", () => client.getQueueAttributes({ QueueUrl, AttributeNames: ["All"] })],
        ["ListDeadLetterSourceQueues", () => client.listDeadLetterSourceQueues({ QueueUrl })],
        ["PurgeQueue", () => client.purgeQueue({ QueueUrl })],
        ["DeleteQueue", () => client.deleteQueue({ QueueUrl })],
        ["SetQueueAttributes", () => client.setQueueAttributes({ QueueUrl, Attributes: { DelaySeconds: "1" } })],
        [
          "AddPermission",
          () => client.addPermission({ QueueUrl, Label: "l", AWSAccountIds: [stranger], Actions: ["*"] }),
        ],
        ["RemovePermission", () => client.removePermission({ QueueUrl, Label: "l" })],
        ["TagQueue", () => client.tagQueue({ QueueUrl, Tags: { k: "v" } })],
        ["UntagQueue", () => client.untagQueue({ QueueUrl, TagKeys: ["k"] })],
        ["ListQueueTags", () => client.listQueueTags({ QueueUrl })],
        ["StartMessageMoveTask", () => client.startMessageMoveTask({ SourceArn })],
        ["ListMessageMoveTasks", () => client.listMessageMoveTasks({ SourceArn })],
        ["CancelMessageMoveTask", () => client.cancelMessageMoveTask({ TaskHandle: handle })],
      ];
    }
    const ownersAlone = 10;

    it("is closed without a policy", async () => {
      const url = await env.queue();
      for (const [action, call] of calls(env, as(), url)) {
        expect(await refused(call())).toEqual(denied(action, env.arn(url)));
      }
      expect(await env.counts(url)).toEqual([0, 0, 0]);
    });

    it("is open for what its policy allows, except for what is its owner's alone", async () => {
      const url = await env.queue();
      await setPolicy(url, everything(env.arn(url)));
      const all = calls(env, as(), url);
      for (const [, call] of all.slice(0, -ownersAlone)) {
        await call().catch((error) => expect(error).toMatchObject({ name: "ReceiptHandleIsInvalid" }));
      }
      for (const [action, call] of all.slice(-ownersAlone)) {
        expect(await refused(call())).toEqual(denied(action, env.arn(url)));
      }
      // Their queues are their own: nothing names another account's.
      expect((await as().listQueues({})).QueueUrls).toBeUndefined();
      const { QueueUrl } = await as().createQueue({ QueueName: url.split("/").at(-1) as string });
      expect(QueueUrl).toContain(`/${stranger}/`);
      await as().deleteQueue({ QueueUrl });
    });

    it("opens and closes action by action with AddPermission and RemovePermission", async () => {
      const url = await env.queue();
      const send = () => as().sendMessage({ QueueUrl: url, MessageBody: "x" });
      await env.sqs.addPermission({
        QueueUrl: url,
        Label: "send",
        AWSAccountIds: [stranger],
        Actions: ["SendMessage"],
      });
      await send();
      const [message] = await env.receive(url);
      expect(message?.Attributes?.SenderId).toMatch(/^AIDA[A-Z2-7]{17}$/);
      expect(await refused(as().receiveMessage({ QueueUrl: url }))).toEqual(denied("ReceiveMessage", env.arn(url)));
      const other = as("444455556666").sendMessage({ QueueUrl: url, MessageBody: "x" });
      expect(await refused(other)).toEqual(
        denied("SendMessage", env.arn(url), undefined, "arn:aws:iam::444455556666:user/busbar"),
      );
      await env.sqs.removePermission({ QueueUrl: url, Label: "send" });
      expect(await refused(send())).toEqual(denied("SendMessage", env.arn(url)));
    });

    it("tells an explicit deny", async () => {
      const url = await env.queue();
      const Statement = [
        { Effect: "Allow", Principal: "*", Action: "sqs:*", Resource: "*" },
        { Effect: "Deny", Principal: { AWS: stranger }, Action: "SQS:sendmessage", Resource: env.arn(url) },
      ];
      await setPolicy(url, JSON.stringify({ Version: "2012-10-17", Statement }));
      expect(await refused(as().sendMessage({ QueueUrl: url, MessageBody: "x" }))).toEqual(
        denied("SendMessage", env.arn(url), "with an explicit deny in a resource-based policy"),
      );
      await as("444455556666").sendMessage({ QueueUrl: url, MessageBody: "x" });
      // Nobody is denied less for being of the queue's own account.
      const Deny = [{ Effect: "Deny", Principal: "*", Action: "sqs:SendMessage", Resource: "*" }];
      await setPolicy(url, JSON.stringify({ Version: "2012-10-17", Statement: Deny }));
      expect(await refused(env.send(url, "x"))).toEqual(
        denied("SendMessage", env.arn(url), "with an explicit deny in a resource-based policy", ownerArn),
      );
      await env.receive(url);
    });

    it("may be open to a role alone", async () => {
      const url = await env.queue();
      const role = `arn:aws:iam::${stranger}:role/workers/sender`;
      await setPolicy(url, everything("*", { Principal: { AWS: role } }));
      const sts = new STS(env.bus.clientConfig({ account: stranger }));
      const sendAs = async (RoleArn: string) => {
        const { Credentials } = await sts.assumeRole({ RoleArn, RoleSessionName: "night" });
        const client = env.client();
        const session = new SQS({
          ...env.bus.clientConfig(),
          protocol: client.config.protocol,
          maxAttempts: 1,
          credentials: {
            accessKeyId: Credentials?.AccessKeyId as string,
            secretAccessKey: Credentials?.SecretAccessKey as string,
            sessionToken: Credentials?.SessionToken as string,
          },
        });
        return session.sendMessage({ QueueUrl: url, MessageBody: RoleArn });
      };
      await sendAs(role);
      const other = `arn:aws:iam::${stranger}:role/reader`;
      expect(await refused(sendAs(other))).toEqual(
        denied("SendMessage", env.arn(url), undefined, `arn:aws:sts::${stranger}:assumed-role/reader/night`),
      );
      expect(await env.receiveBodies(url)).toEqual([role]);
    });

    it("may be open under conditions of the request", async () => {
      const url = await env.queue();
      const sends = async (Condition: object) => {
        await setPolicy(url, everything("*", { Condition }));
        return as()
          .sendMessage({ QueueUrl: url, MessageBody: "x" })
          .then(
            () => true,
            (error: Error) => {
              expect(error.name).toBe("AccessDenied");
              return false;
            },
          );
      };
      expect(await sends({ IpAddress: { "aws:SourceIp": "127.0.0.0/8" } })).toBe(true);
      expect(await sends({ IpAddress: { "aws:SourceIp": "10.0.0.0/8" } })).toBe(false);
      // Plain HTTP stands for AWS's endpoints, which are reached by TLS.
      expect(await sends({ Bool: { "aws:SecureTransport": "true" } })).toBe(true);
      expect(await sends({ Bool: { "aws:SecureTransport": "false" } })).toBe(false);
      expect(await sends({ StringEquals: { "aws:PrincipalAccount": stranger, "aws:PrincipalType": "User" } })).toBe(
        true,
      );
      expect(await sends({ StringEquals: { "aws:SourceAccount": stranger } })).toBe(false);
      expect(await sends({ StringLike: { "aws:UserAgent": "aws-sdk-js/*" } })).toBe(true);
      expect(await sends({ StringEquals: { "aws:RequestedRegion": "us-east-1" } })).toBe(true);
      const inAMinute = new Date(env.bus.clock.now() + 60_000).toISOString();
      expect(await sends({ DateLessThan: { "aws:CurrentTime": inAMinute } })).toBe(true);
      await env.bus.clock.advance("1m");
      expect(await sends({ DateLessThan: { "aws:CurrentTime": inAMinute } })).toBe(false);
    });

    it("shows its URL to those who may ask for it, and hides that it exists from others", async () => {
      const url = await env.queue();
      const QueueName = url.split("/").at(-1) as string;
      const ask = () => as().getQueueUrl({ QueueName, QueueOwnerAWSAccountId: "000000000000" });
      const hidden = {
        ...env.noSuchQueue,
        message: "The specified queue does not exist or you do not have access to it.",
      };
      expect(await refused(ask())).toEqual(hidden);
      await env.sqs.addPermission({
        QueueUrl: url,
        Label: "url",
        AWSAccountIds: [stranger],
        Actions: ["GetQueueUrl"],
      });
      expect((await ask()).QueueUrl).toBe(url);
      await env.sqs.deleteQueue({ QueueUrl: url });
      expect(await refused(ask())).toEqual(hidden);
    });

    it("is no destination of a move task", async () => {
      const target = await env.queue();
      const mine = as();
      const { QueueUrl: dlq } = await mine.createQueue({ QueueName: "dlq" });
      const SourceArn = env.arn(dlq as string);
      const RedrivePolicy = JSON.stringify({ deadLetterTargetArn: SourceArn, maxReceiveCount: 1 });
      await mine.createQueue({ QueueName: "source", Attributes: { RedrivePolicy } });
      await setPolicy(target, everything("*"));
      expect(await refused(mine.startMessageMoveTask({ SourceArn, DestinationArn: env.arn(target) }))).toEqual(
        denied("StartMessageMoveTask", env.arn(target)),
      );
    });

    it("is open to requests that nobody signed", async () => {
      const url = await as()
        .createQueue({ QueueName: "unsigned" })
        .then(({ QueueUrl }) => QueueUrl as string);
      const { status } = await postForm(url, { Action: "SendMessage", MessageBody: "x" });
      expect(status).toBe(200);
    });
  },
  { policies: "enforce" },
);
