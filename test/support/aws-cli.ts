/** The AWS CLI as a test's client: one process for all commands of a test, since most of a command's time is its start. */
import { type ChildProcessWithoutNullStreams, execFile, spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Whether the CLI is there to be run: Python's, in the interpreter on the PATH. */
export async function hasAwsCli(): Promise<boolean> {
  return run("python3", ["-c", "import awscli.clidriver"]).then(
    () => true,
    () => false,
  );
}

/** Runs `aws` commands, given without `aws`, one after the other. */
export class AwsCli {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #answers: AsyncIterator<string>;
  readonly #endpoint: string;

  constructor(endpoint: string, account: string, region: string) {
    this.#endpoint = endpoint;
    this.#process = spawn("python3", [join(import.meta.dirname, "aws-cli.py")], {
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: process.env["HOME"] ?? tmpdir(),
        AWS_ACCESS_KEY_ID: account,
        AWS_SECRET_ACCESS_KEY: "any",
        AWS_DEFAULT_REGION: region,
        AWS_CONFIG_FILE: join(tmpdir(), "busbar-no-such-config"),
        AWS_SHARED_CREDENTIALS_FILE: join(tmpdir(), "busbar-no-such-credentials"),
        AWS_EC2_METADATA_DISABLED: "true",
        AWS_PAGER: "",
      },
    });
    this.#answers = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  async #run(args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
    this.#process.stdin.write(`${JSON.stringify([...args, "--output", "json", "--endpoint-url", this.#endpoint])}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("the CLI has ended");
    return JSON.parse(value);
  }

  /** What a command prints, parsed; `{}` for nothing. Throws with what it says when it fails. */
  async answer(args: readonly string[]): Promise<unknown> {
    const { code, out, err } = await this.#run(args);
    if (code !== 0) throw new Error(`${args.join(" ")}: ${err}`);
    return out.trim() === "" ? {} : JSON.parse(out);
  }

  /** The code of the error with which a command is refused. */
  async refusal(args: readonly string[]): Promise<string | undefined> {
    const { err } = await this.#run(args);
    return /An error occurred \(([\w.]+)\)/.exec(err)?.[1];
  }

  end(): void {
    this.#process.stdin.end();
  }
}
