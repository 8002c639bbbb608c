/** Lambda as its client sees it, with functions made of zips. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type CreateFunctionCommandInput,
  type FunctionConfiguration,
  type InvokeCommandInput,
  Lambda,
  type Runtime,
} from "@aws-sdk/client-lambda";
import { type Message, SQS } from "@aws-sdk/client-sqs";
import { ZipFile } from "yazl";
import { type Busbar, type BusbarOptions, createBusbar } from "../../src/index.ts";

export const roleArn = "arn:aws:iam::000000000000:role/lambda";
export const functionArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
export const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

/** A zip of texts by their paths. Paths that end in `*` are executable. */
export async function zipOf(files: Readonly<Record<string, string>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [path, text] of Object.entries(files)) {
    const isExecutable = path.endsWith("*");
    zip.addBuffer(Buffer.from(text), path.replace(/\*$/, ""), { mode: isExecutable ? 0o100755 : 0o100644 });
  }
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What an invocation answered, as texts. */
export interface Invoked {
  readonly value: unknown;
  readonly error: string | undefined;
  readonly version: string | undefined;
  readonly log: string;
}

export class LambdaEnvironment {
  readonly bus: Busbar;
  readonly lambda: Lambda;
  readonly sqs: SQS;
  readonly #directory: string | undefined;
  #names = 0;

  private constructor(bus: Busbar, directory: string | undefined) {
    this.bus = bus;
    this.#directory = directory;
    this.lambda = new Lambda({ ...bus.clientConfig(), maxAttempts: 1 });
    this.sqs = new SQS({ ...bus.clientConfig(), maxAttempts: 1 });
  }

  static async start(storage: "memory" | "disk" = "memory", options: BusbarOptions = {}): Promise<LambdaEnvironment> {
    const directory = storage === "disk" ? await mkdtemp(join(tmpdir(), "busbar-test-")) : undefined;
    const bus = await createBusbar({ ...(directory === undefined ? {} : { dataDir: directory }), ...options });
    return new LambdaEnvironment(bus, directory);
  }

  async stop(): Promise<void> {
    this.lambda.destroy();
    this.sqs.destroy();
    await this.bus.close();
    if (this.#directory !== undefined) await rm(this.#directory, { recursive: true, force: true });
  }

  name(prefix = "f"): string {
    this.#names += 1;
    return `${prefix}-${this.#names}`;
  }

  /** Creates a function of one file: `index.mjs`, or `index.py` for Python. */
  async create(
    code: string | Readonly<Record<string, string>>,
    more: Partial<CreateFunctionCommandInput> = {},
  ): Promise<FunctionConfiguration & { readonly FunctionName: string }> {
    const { Runtime: runtime = "nodejs20.x" as Runtime } = more;
    const file = runtime.startsWith("python") ? "index.py" : "index.mjs";
    const files = typeof code === "string" ? { [file]: code } : code;
    const { FunctionName = this.name() } = more;
    const made = await this.lambda.createFunction({
      Runtime: runtime,
      Handler: "index.handler",
      Role: roleArn,
      Code: { ZipFile: await zipOf(files) },
      ...more,
      FunctionName,
    });
    return { ...made, FunctionName };
  }

  async invoke(name: string, event: unknown = {}, more: Partial<InvokeCommandInput> = {}): Promise<Invoked> {
    const answer = await this.lambda.invoke({
      FunctionName: name,
      Payload: typeof event === "string" ? event : JSON.stringify(event),
      LogType: "Tail",
      ...more,
    });
    const text = answer.Payload?.transformToString() ?? "";
    return {
      value: text === "" ? undefined : JSON.parse(text),
      error: answer.FunctionError,
      version: answer.ExecutedVersion,
      log: Buffer.from(answer.LogResult ?? "", "base64").toString(),
    };
  }

  /** Takes all messages out of a queue. */
  async messages(url: string): Promise<Message[]> {
    const all: Message[] = [];
    for (;;) {
      const { Messages = [] } = await this.sqs.receiveMessage({
        QueueUrl: url,
        MaxNumberOfMessages: 10,
        MessageAttributeNames: ["All"],
        MessageSystemAttributeNames: ["All"],
      });
      if (Messages.length === 0) return all;
      all.push(...Messages);
      for (const { ReceiptHandle } of Messages) await this.sqs.deleteMessage({ QueueUrl: url, ReceiptHandle });
    }
  }

  /** Makes a queue. */
  async queue(suffix = "", attributes: Record<string, string> = {}): Promise<{ url: string; arn: string }> {
    const name = `${this.name("queue")}${suffix}`;
    const { QueueUrl } = await this.sqs.createQueue({ QueueName: name, Attributes: attributes });
    return { url: QueueUrl as string, arn: `arn:aws:sqs:us-east-1:000000000000:${name}` };
  }
}
