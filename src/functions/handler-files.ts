/**
 * Functions that an option names by a file: run from where they are, and reloaded after each change to the files beside
 * it.
 */
import { existsSync } from "node:fs";
import { basename, dirname, extname, join, resolve } from "node:path";
import { defaultAccount } from "../calls/identity.ts";
import { statsOf } from "../engine/file-stats.ts";
import { nameOf } from "./names.ts";
import { filesSignature } from "./runtime/files-signature.ts";
import type { FunctionRuntime } from "./runtime/function-runtime.ts";
import type { RuntimeSpec } from "./runtime/launch.ts";
import type { FoundFunction } from "./types.ts";

const [memoryMb, timeoutMs] = [512, 60_000];
const extensions = [".mjs", ".js", ".cjs", ".py"];

/** A handler in a file: `./dir/handler.mjs#handler`, or in the form of a function's setting, `./dir#file.handler`. */
export interface HandlerFile {
  readonly directory: string;
  /** In the form of a function's Handler setting. */
  readonly handler: string;
  readonly language: "nodejs" | "python";
}

/** Whether a text is a function's URL rather than a file. */
export function isFunctionUrl(text: string): boolean {
  return /^https?:\/\//.test(text) && URL.canParse(text);
}

/** @throws RangeError with a sentence, when there is no such file. */
export function parseHandlerFile(text: string): HandlerFile {
  const at = text.lastIndexOf("#");
  const path = resolve(at === -1 ? text : text.slice(0, at));
  const handler = at === -1 ? "handler" : text.slice(at + 1);
  const stats = statsOf(path);
  if (handler === "" || stats === undefined) {
    throw new RangeError(`${text} is neither a URL nor a handler file such as ./dir/handler.mjs#handler`);
  }
  if (stats.isDirectory()) {
    const file = handler.slice(0, handler.indexOf(".", handler.lastIndexOf("/")));
    const found = extensions.find((extension) => existsSync(join(path, file + extension)));
    if (found === undefined) throw new RangeError(`${text} names a file that ${path} does not have`);
    return { directory: path, handler, language: languageOf(found) };
  }
  const extension = extname(path);
  if (!extensions.includes(extension)) {
    throw new RangeError(
      `${text} is a handler in a file of another kind than ${extensions.join(", ")}: compile it first`,
    );
  }
  return {
    directory: dirname(path),
    handler: `${basename(path, extension)}.${handler}`,
    language: languageOf(extension),
  };
}

function languageOf(extension: string): HandlerFile["language"] {
  return extension === ".py" ? "python" : "nodejs";
}

export function fileFunction(nameOrArn: string, file: HandlerFile, runtime: FunctionRuntime): FoundFunction {
  const name = nameOf(nameOrArn);
  const prefix = `file ${nameOrArn} `;
  let last: string | undefined;
  return {
    invoke: (call) => {
      const { account = defaultAccount, region } = call.invocation;
      const key = `${prefix}${account} ${region} ${filesSignature(file.directory)}`;
      if (last !== undefined && last !== key) runtime.pools.retire(prefix);
      last = key;
      const spec: RuntimeSpec = {
        key,
        name,
        version: "$LATEST",
        account,
        region,
        runtime: file.language === "python" ? "python3" : `nodejs${process.versions.node.split(".")[0]}.x`,
        handler: file.handler,
        memoryMb,
        timeoutMs,
        variables: {},
        logGroup: `/aws/lambda/${name}`,
        prepare: async () => ({ task: file.directory }),
      };
      return runtime.invoke(spec, call);
    },
  };
}
