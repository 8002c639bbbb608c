/** Signatures are accepted by a verifier that others wrote, fetching our certificate over https. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { Agent, globalAgent } from "node:https";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  CreateTopicCommand,
  PublishCommand,
  SetTopicAttributesCommand,
  SNSClient,
  SubscribeCommand,
} from "@aws-sdk/client-sns";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type RunningCli, startCli, stopAll } from "../../support/cli.ts";

type Message = Record<string, string>;
interface Validator {
  validate(message: Message, done: (error: Error | null, message?: Message) => void): void;
}
const MessageValidator = createRequire(import.meta.url)("sns-validator") as new (hostPattern: RegExp) => Validator;

let directory: string;
let cli: RunningCli;
let sns: SNSClient;
let sqs: SQSClient;
const trusted = globalAgent.options.ca;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-verifier-"));
  cli = await startCli(["--tls", "--data-dir", directory]);
  const ca = await readFile(join(directory, "tls-cert.pem"), "utf8");
  // The verifier fetches the certificate with Node's own agent.
  globalAgent.options.ca = ca;
  const config = {
    endpoint: cli.endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "any" },
    requestHandler: { httpsAgent: new Agent({ ca }) },
  };
  sns = new SNSClient(config);
  sqs = new SQSClient(config);
});

afterAll(async () => {
  globalAgent.options.ca = trusted;
  sns.destroy();
  sqs.destroy();
  await stopAll();
  await rm(directory, { recursive: true });
});

function verify(message: Message): Promise<Message | undefined> {
  const validator = new MessageValidator(/^localhost(:\d+)?$/);
  return new Promise((done, failed) => {
    validator.validate(message, (error, accepted) => (error ? failed(error) : done(accepted)));
  });
}

describe.each(["1", "2"])("signature version %s", (version) => {
  it("is accepted, and not when the message was changed", async () => {
    const { TopicArn } = await sns.send(new CreateTopicCommand({ Name: `signed-${version}` }));
    const attribute = { TopicArn, AttributeName: "SignatureVersion", AttributeValue: version };
    await sns.send(new SetTopicAttributesCommand(attribute));
    const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: `signed-${version}` }));
    const Endpoint = `arn:aws:sqs:us-east-1:000000000000:signed-${version}`;
    await sns.send(new SubscribeCommand({ TopicArn, Protocol: "sqs", Endpoint }));
    await sns.send(new PublishCommand({ TopicArn, Message: "größer\n☃", Subject: "hello" }));
    const { Messages } = await sqs.send(new ReceiveMessageCommand({ QueueUrl, WaitTimeSeconds: 5 }));
    const message = JSON.parse(Messages?.[0]?.Body ?? "{}") as Message;
    expect(message["SignatureVersion"]).toBe(version);
    expect(message["SigningCertURL"]).toMatch(/^https:\/\/localhost:\d+\/SimpleNotificationService-[0-9a-f]{32}\.pem$/);
    expect(await verify(message)).toEqual(message);
    await expect(verify({ ...message, Message: "smaller" })).rejects.toThrow("The message signature is invalid.");
  });
});
