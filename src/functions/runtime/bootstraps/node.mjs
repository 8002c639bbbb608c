/**
 * The runtime of nodejs functions: loads the handler, then takes one event after the other from the Runtime API (Lambda
 * developer guide, "Building a custom runtime", and "Define Lambda function handler in Node.js").
 */
import dns from "node:dns";
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import net from "node:net";
import { basename, dirname, resolve as resolvePath } from "node:path";
import { Writable } from "node:stream";
import { pathToFileURL } from "node:url";
import { format } from "node:util";

const { AWS_LAMBDA_RUNTIME_API: api = "", _HANDLER: handlerName = "", LAMBDA_TASK_ROOT: root = "." } = process.env;
const [, host, port, prefix] = /^([^:/]+):(\d+)(.*)$/.exec(api) ?? [];
const base = `${prefix}/2018-06-01/runtime`;
const isJsonLog = process.env.AWS_LAMBDA_LOG_FORMAT === "JSON";
const streams = Symbol("a handler that streams");

let requestId;

/**
 * The SDK for JavaScript puts `sync-` before the host's name for StartSyncExecution and TestState, whatever
 * AWS_DISABLE_HOST_PREFIX_INJECTION says: that name leads where the endpoint is.
 */
function resolvePrefixedEndpoint() {
  const { AWS_ENDPOINT_URL: endpoint = "" } = process.env;
  if (!URL.canParse(endpoint)) return;
  const { hostname } = new URL(endpoint);
  const { lookup } = dns;
  const own = (name, ...others) => lookup(name === `sync-${hostname}` ? hostname : name, ...others);
  // With what `promisify` looks for.
  dns.lookup = Object.defineProperties(own, Object.getOwnPropertyDescriptors(lookup));
}

/**
 * A connection to the Runtime API, whose answers all declare their length. Node's own client costs several times as much as
 * the rest of a short invocation. Calls are written at once and answered in their order.
 */
class Connection {
  #socket = net.connect({ host, port: Number(port), noDelay: true });
  #waiting = [];
  #chunks = [];
  #received = 0;
  /** Bytes there must be before it is worth looking. */
  #wanted = 1;

  constructor() {
    this.#socket.on("data", (chunk) => this.#take(chunk));
    // The Runtime API is gone when Busbar is.
    this.#socket.on("error", () => process.exit(1));
    this.#socket.on("close", () => process.exit(1));
  }

  /** Keeps the event loop going until it is answered. */
  call(method, path, body = "") {
    const length = Buffer.byteLength(body);
    const content = method === "POST" ? `Content-Type: application/json\r\nContent-Length: ${length}\r\n` : "";
    const head = `${method} ${base}${path} HTTP/1.1\r\nHost: ${host}:${port}\r\n${content}\r\n`;
    // Calls of one turn leave together.
    this.#socket.cork();
    this.#socket.write(head + body);
    process.nextTick(() => this.#socket.uncork());
    this.#socket.ref();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #take(chunk) {
    this.#chunks.push(chunk);
    this.#received += chunk.length;
    while (this.#received >= this.#wanted) {
      const bytes = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
      this.#chunks = [bytes];
      const end = bytes.indexOf("\r\n\r\n");
      this.#wanted = bytes.length + 1;
      if (end < 0) return;
      const headers = {};
      for (const line of bytes.latin1Slice(0, end).split("\r\n").slice(1)) {
        const colon = line.indexOf(":");
        headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim();
      }
      const whole = end + 4 + Number(headers["content-length"]);
      this.#wanted = whole;
      if (bytes.length < whole) return;
      this.#received = bytes.length - whole;
      this.#chunks = this.#received === 0 ? [] : [bytes.subarray(whole)];
      this.#wanted = 1;
      const answered = this.#waiting.shift();
      if (this.#waiting.length === 0) this.#socket.unref();
      answered({ headers, body: bytes.toString("utf8", end + 4, whole) });
    }
  }
}

const connection = new Connection();

/** One message is one line: a carriage return stands for each line feed in it. */
function write(text) {
  process.stdout.write(`${text.replaceAll("\n", "\r")}\n`);
}

function log(level, ...values) {
  const timestamp = new Date().toISOString();
  if (!isJsonLog) return write(`${timestamp}\t${requestId}\t${level}\t${format(...values)}`);
  const message = values.length === 1 && !(values[0] instanceof Error) ? values[0] : format(...values);
  let text;
  try {
    text = JSON.stringify({ timestamp, level, requestId, message });
  } catch {
    text = JSON.stringify({ timestamp, level, requestId, message: format(...values) });
  }
  write(text);
}

const levels = { log: "INFO", info: "INFO", debug: "DEBUG", trace: "TRACE", warn: "WARN", error: "ERROR" };
for (const [method, level] of Object.entries(levels)) console[method] = (...values) => log(level, ...values);
console.fatal = (...values) => log("FATAL", ...values);

/** Whatever was thrown may refuse to be looked at. */
function errorOf(error) {
  try {
    const isLikeError = typeof error === "object" && error !== null && "message" in error && "stack" in error;
    if (error instanceof Error || isLikeError) {
      const trace = String(error.stack ?? "").split("\n");
      return { errorType: String(error.name), errorMessage: String(error.message), trace };
    }
    return { errorType: typeof error, errorMessage: String(error), trace: [] };
  } catch {
    return { errorType: typeof error, errorMessage: "", trace: [] };
  }
}

function logError(title, error) {
  const { errorType, errorMessage, trace } = errorOf(error);
  let text;
  try {
    const own = error instanceof Error ? Object.fromEntries(Object.entries(error)) : {};
    text = JSON.stringify({ errorType, errorMessage, ...own, stack: trace });
  } catch {
    // Errors of HTTP clients hold their request and answer, which hold each other.
    text = JSON.stringify({ errorType, errorMessage, stack: trace });
  }
  log("ERROR", `${title}\t${text}`);
}

class RuntimeError extends Error {
  constructor(name, message) {
    super(message);
    this.name = `Runtime.${name}`;
  }
}

function isFile(file) {
  return statSync(file, { throwIfNoEntry: false })?.isFile() === true;
}

async function load() {
  if (handlerName.includes("..")) {
    throw new RuntimeError(
      "MalformedHandlerName",
      `'${handlerName}' is not a valid handler name. Use absolute paths when specifying root directories in handler names.`,
    );
  }
  const file = basename(handlerName);
  const at = file.indexOf(".");
  if (at < 1 || at === file.length - 1) throw new RuntimeError("MalformedHandlerName", "Bad handler");
  const path = resolvePath(root, dirname(handlerName), file.slice(0, at));
  let module;
  try {
    module = await importOf(path);
  } catch (error) {
    if (error instanceof SyntaxError) {
      throw Object.assign(new RuntimeError("UserCodeSyntaxError", String(error)), { stack: error.stack });
    }
    if (error?.code === "MODULE_NOT_FOUND" || error?.code === "ERR_MODULE_NOT_FOUND") {
      throw Object.assign(new RuntimeError("ImportModuleError", String(error)), { stack: error.stack });
    }
    throw error;
  }
  const nested = (value) =>
    file
      .slice(at + 1)
      .split(".")
      .reduce((part, name) => part?.[name], value);
  const handler = nested(module) ?? nested(module.default);
  if (handler === undefined) {
    throw new RuntimeError("HandlerNotFound", `${handlerName} is undefined or not exported`);
  }
  if (typeof handler !== "function") throw new RuntimeError("HandlerNotFound", `${handlerName} is not a function`);
  return handler;
}

async function importOf(path) {
  const found = [path, `${path}.js`, `${path}.mjs`, `${path}.cjs`].find(isFile);
  if (found === undefined) {
    const require = createRequire(`${resolvePath(root)}/`);
    return require(require.resolve(path));
  }
  if (found.endsWith(".mjs") || (found.endsWith(".js") && isModule(dirname(found))))
    return import(pathToFileURL(found));
  return createRequire(pathToFileURL(found))(found);
}

/** Whether files `.js` in a folder are ES modules, which the nearest package.json says. */
function isModule(folder) {
  for (let at = folder; ; at = dirname(at)) {
    try {
      return JSON.parse(readFileSync(`${at}/package.json`, "utf8")).type === "module";
    } catch (error) {
      if (error.code !== "ENOENT" || dirname(at) === at) return false;
    }
  }
}

/** What a handler that streams writes to: nothing is sent before its first bytes. */
class ResponseStream extends Writable {
  #request;
  #id;
  #contentType;
  #settle;
  settled = new Promise((resolve, reject) => (this.#settle = { resolve, reject }));

  constructor(id) {
    super({ highWaterMark: 64 * 1024 });
    this.#id = id;
    this.on("error", () => {});
    this.settled.catch(() => {});
  }

  setContentType(contentType) {
    this.#contentType = contentType;
  }

  get hasBegun() {
    return this.#request !== undefined;
  }

  _write(chunk, _encoding, done) {
    if (this.#open().write(chunk)) done();
    else this.#request.once("drain", done);
  }

  _final(done) {
    this.#open().end();
    done();
  }

  /** Destroyed before its end, its answer is what there is of it. */
  _destroy(error, done) {
    if (this.#request !== undefined) this.endWith(error);
    else this.#settle.reject(error ?? new Error("The response stream was destroyed."));
    done();
  }

  /** An error after the first bytes goes behind them. */
  endWith(error) {
    if (this.#request.writableEnded) return;
    if (error === null) {
      this.#request.end();
      return;
    }
    const { errorType } = errorOf(error);
    this.#request.addTrailers({
      "Lambda-Runtime-Function-Error-Type": errorType.replace(/[^ -~]/g, "?"),
      "Lambda-Runtime-Function-Error-Body": Buffer.from(JSON.stringify(errorOf(error))).toString("base64"),
    });
    this.#request.end();
  }

  #open() {
    if (this.#request !== undefined) return this.#request;
    const http = createRequire(import.meta.url)("node:http");
    this.#request = http.request(
      {
        host,
        port,
        method: "POST",
        path: `${base}/invocation/${this.#id}/response`,
        headers: {
          "Content-Type": this.#contentType ?? "application/octet-stream",
          "Lambda-Runtime-Function-Response-Mode": "streaming",
          "Transfer-Encoding": "chunked",
          Trailer: ["Lambda-Runtime-Function-Error-Type", "Lambda-Runtime-Function-Error-Body"],
        },
      },
      (response) => {
        response.resume();
        response.on("end", this.#settle.resolve);
      },
    );
    this.#request.on("error", this.#settle.reject);
    return this.#request;
  }
}

globalThis.awslambda = {
  streamifyResponse(handler, options) {
    handler[streams] = options ?? {};
    return handler;
  },
  HttpResponseStream: {
    from(stream, prelude) {
      stream.setContentType("application/vnd.awslambda.http-integration-response");
      stream.write(`${JSON.stringify(prelude)}${"\0".repeat(8)}`);
      return stream;
    },
  },
};

function contextOf(headers) {
  const deadline = Number(headers["lambda-runtime-deadline-ms"]);
  const { env } = process;
  const json = (text) => (text === undefined ? undefined : JSON.parse(text));
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionVersion: env.AWS_LAMBDA_FUNCTION_VERSION,
    functionName: env.AWS_LAMBDA_FUNCTION_NAME,
    memoryLimitInMB: env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: env.AWS_LAMBDA_LOG_STREAM_NAME,
    clientContext: json(headers["lambda-runtime-client-context"]),
    identity: json(headers["lambda-runtime-cognito-identity"]),
    invokedFunctionArn: headers["lambda-runtime-invoked-function-arn"],
    awsRequestId: requestId,
    getRemainingTimeInMillis: () => Math.max(0, deadline - Date.now()),
  };
}

/** What runs when nothing keeps the event loop going while an invocation is under way. */
let whenIdle = () => {};
process.on("beforeExit", () => whenIdle());

/** Resolves to what the handler answers, by whichever of its ways. */
function run(handler, event, context) {
  return new Promise((resolve, reject) => {
    let waits = false;
    const settle = (error, result) => {
      const finish = () => (error === undefined || error === null ? resolve(result) : reject(error));
      if (!context.callbackWaitsForEmptyEventLoop) return finish();
      waits = true;
      whenIdle = finish;
    };
    const callback = (error, result) => {
      if (!waits) settle(error, result);
    };
    context.done = (error, result) => {
      context.callbackWaitsForEmptyEventLoop = false;
      callback(error, result);
    };
    context.fail = (error) => context.done(error ?? "handled");
    context.succeed = (result) => context.done(undefined, result);
    const returned = handler(event, context, callback);
    if (typeof returned?.then === "function") {
      const never = new RuntimeError(
        "NodeJsExit",
        "The Lambda runtime client detected an unexpected Node.js exit code. This is most commonly caused by a Promise that was never settled. For more information, see https://nodejs.org/docs/latest/api/process.html#exit-codes",
      );
      whenIdle = () => reject(never);
      returned.then(resolve, reject);
    } else if (!waits) whenIdle = () => resolve(null);
  });
}

async function runStreaming(handler, event, context) {
  const stream = new ResponseStream(requestId);
  whenIdle = () => {};
  try {
    await handler(event, stream, context);
    if (!stream.writableEnded && !stream.destroyed) stream.end();
    await stream.settled;
  } catch (error) {
    logError("Invoke Error ", error);
    if (!stream.hasBegun) return answer("error", JSON.stringify(errorOf(error)));
    stream.endWith(error);
    await stream.settled;
  }
}

/** Answers the event and asks for the next one without waiting in between. */
function answer(kind, json) {
  void connection.call("POST", `/invocation/${requestId}/${kind}`, json);
}

async function runOnce(handler) {
  const { headers, body } = await connection.call("GET", "/invocation/next");
  requestId = headers["lambda-runtime-aws-request-id"];
  process.env._X_AMZN_TRACE_ID = headers["lambda-runtime-trace-id"];
  const context = contextOf(headers);
  const event = JSON.parse(body);
  if (handler[streams] !== undefined) return runStreaming(handler, event, context);
  try {
    const result = await run(handler, event, context);
    whenIdle = () => {};
    answer("response", JSON.stringify(result) ?? "null");
  } catch (error) {
    whenIdle = () => {};
    logError("Invoke Error ", error);
    answer("error", JSON.stringify(errorOf(error)));
  }
}

let isCrashing = false;

async function crash(title, status, error) {
  // Telling of it may fail as well, as where a handler has ended stdout.
  if (isCrashing) return;
  isCrashing = true;
  logError(title, error);
  const path = requestId === undefined ? "/init/error" : `/invocation/${requestId}/error`;
  // On a connection of its own: behind a question for the next event there would be no answer.
  await new Connection().call("POST", path, JSON.stringify(errorOf(error)));
  process.exit(status);
}

process.on("uncaughtException", (error) => crash("Uncaught Exception ", 129, error));
process.on("unhandledRejection", (reason) => {
  const error = new RuntimeError(
    "UnhandledPromiseRejection",
    reason instanceof Error ? String(reason) : String(reason),
  );
  if (reason instanceof Error) error.stack = reason.stack;
  return crash("Unhandled Promise Rejection ", 128, error);
});

async function main() {
  resolvePrefixedEndpoint();
  let handler;
  try {
    handler = await load();
  } catch (error) {
    return crash("Uncaught Exception ", 1, error);
  }
  const major = Number(/_nodejs(\d+)/.exec(process.env.AWS_EXECUTION_ENV ?? "")?.[1]);
  if (major >= 24 && handler.length > 2 && handler[streams] === undefined) {
    const message =
      "ERROR: AWS Lambda has removed support for callback-based function handlers starting with Node.js 24. You need to modify this function to use a supported handler signature to use Node.js 24 or later.";
    return crash("Uncaught Exception ", 1, new RuntimeError("CallbackHandlerDeprecated", message));
  }
  for (;;) await runOnce(handler);
}

main().catch(() => process.exit(1));
