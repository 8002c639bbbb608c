/** Lambda as its client sees it, with functions made of zips. */
import {
  type CreateFunctionCommandInput,
  type FunctionConfiguration,
  type InvokeCommandInput,
  Lambda,
  type Runtime,
} from "@aws-sdk/client-lambda";
import { ZipFile } from "yazl";
import type { BusbarOptions } from "../../src/index.ts";
import { Environment, type Started, type Storage, startBus } from "./environment.ts";

export const roleArn = "arn:aws:iam::000000000000:role/lambda";
export const functionArn = (name: string) => `arn:aws:lambda:us-east-1:000000000000:function:${name}`;
export const queueArn = (name: string) => `arn:aws:sqs:us-east-1:000000000000:${name}`;

/** A zip of texts by their paths. Paths that end in `*` are executable. */
export async function zipOf(files: Readonly<Record<string, string | Buffer>>): Promise<Buffer> {
  const zip = new ZipFile();
  for (const [path, content] of Object.entries(files)) {
    const isExecutable = path.endsWith("*");
    zip.addBuffer(typeof content === "string" ? Buffer.from(content) : content, path.replace(/\*$/, ""), {
      mode: isExecutable ? 0o100755 : 0o100644,
    });
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

export class LambdaEnvironment extends Environment {
  readonly lambda: Lambda;

  private constructor(started: Started) {
    super(started);
    this.lambda = new Lambda({ ...this.bus.clientConfig(), maxAttempts: 1 });
  }

  static async start(storage: Storage = "memory", options: BusbarOptions = {}): Promise<LambdaEnvironment> {
    return new LambdaEnvironment(await startBus(storage, options));
  }

  override stop(): Promise<void> {
    this.lambda.destroy();
    return super.stop();
  }

  override name(prefix = "f"): string {
    return super.name(prefix);
  }

  /** Creates a function of one file: `index.mjs`, or `index.py` for Python. */
  async create(
    code: string | Readonly<Record<string, string | Buffer>>,
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
}
