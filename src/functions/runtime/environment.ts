/** An execution environment: one process that takes one event after the other over the Runtime API. */
import { isUtf8 } from "node:buffer";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../engine/clock.ts";
import type { ProcessEnd, Processes, RunningProcess } from "../../engine/processes.ts";
import { clearTimeout, dateNow, performance, setImmediate, setTimeout } from "../../engine/real-time.ts";
import type { ResponseSink } from "../types.ts";
import { Extensions, type ShutdownReason } from "./extensions.ts";
import { CannotRun, type Launch, type RuntimeSpec } from "./launch.ts";
import { OutputLines } from "./output-lines.ts";
import type { RuntimeApi, RuntimeClient, RuntimeEvent } from "./runtime-api.ts";

/** Bytes a function may answer, and what it may stream (Lambda quotas). */
const maxAnswerBytes = 6_291_556;
const maxStreamedBytes = 200 * 1024 * 1024;
/** What initialisation may take before it counts as the invocation's own time. */
const initLimitMs = 10_000;

/** What came of an invocation. */
export interface Outcome {
  readonly payload: string;
  readonly bytes?: Uint8Array | undefined;
  readonly contentType?: string | undefined;
  readonly functionError?: "Unhandled";
  readonly timedOut?: boolean;
  readonly durationMs: number;
  /** How long the process took to begin, where this was its first event. */
  readonly initMs?: number | undefined;
  readonly peakBytes: number | undefined;
}

type Ending = Pick<Outcome, "payload" | "bytes" | "contentType" | "functionError" | "timedOut">;

export interface EventToRun extends Omit<RuntimeEvent, "deadlineMs"> {
  readonly timeoutMs: number;
  readonly executedVersion: string;
  readonly sink?: ResponseSink | undefined;
  readonly onLine: (line: string) => void;
}

interface Run {
  readonly event: EventToRun;
  readonly end: (ending: Ending) => void;
  /** Runs begin again after their process's first event asks for more time than initialisation has. */
  startedAt: number;
  isGiven: boolean;
  /** Has its ending; what the process wrote before that is still to be read. */
  isOver: boolean;
  stopTimer: () => void;
}

/** What an environment is to have: who it is for, the token it is known by, and how its runtime begins. */
export interface Order {
  readonly spec: Pick<RuntimeSpec, "name" | "version" | "handler" | "account" | "memoryMb">;
  readonly token: string;
  readonly launch: Promise<Launch>;
  newId(): string;
}

export interface Surroundings {
  readonly api: RuntimeApi;
  readonly processes: Processes;
  readonly clock: Clock;
}

export class Environment implements RuntimeClient {
  readonly #around: Surroundings;
  readonly #token: string;
  readonly #onChange: () => void;
  readonly #startedAt = performance.now();
  readonly #output = new OutputLines((line) => this.#line(line));
  #process: RunningProcess | undefined;
  #give: ((event: RuntimeEvent) => void) | undefined;
  #run: Run | undefined;
  /** Lines written before the first event. */
  #earlyLines: string[] = [];
  #programEnv: Readonly<Record<string, string>> = {};
  #directory = ".";
  #onLine: ((line: string) => void) | undefined;
  #initMs: number | undefined;
  #initError: string | undefined;
  #errorType = "Runtime.ExitError";
  #isDead = false;
  #retired: Promise<void> | undefined;
  #idleSince = 0;
  readonly #extensions: Extensions;
  readonly #memoryMb: number;
  readonly #version: string;
  /** Ends it when extensions take longer than the invocation they were told of may. */
  #stopOverrun = () => {};

  /** @param onChange called whenever it becomes idle or ends. */
  constructor(around: Surroundings, { spec, token, launch, newId }: Order, onChange: () => void) {
    this.#around = around;
    this.#token = token;
    this.#onChange = onChange;
    this.#memoryMb = spec.memoryMb;
    this.#version = spec.version;
    this.#extensions = new Extensions({
      functionName: spec.name,
      functionVersion: spec.version,
      handler: spec.handler,
      account: spec.account,
      newId,
      start: (file) => this.#startExtension(file),
      onFailure: (error) => this.failInit(error),
      onReady: () => this.#proceed(),
    });
    this.#start(launch).catch((error: Error) => {
      if (error instanceof CannotRun) this.#errorType = error.errorType;
      this.#ended({ code: null, signal: null, failure: error.message });
    });
  }

  /** Waits for its next event. */
  get isIdle(): boolean {
    return !this.#isDead && this.#run === undefined && this.#isReady;
  }

  /** The runtime and all extensions wait for what comes next. */
  get #isReady(): boolean {
    return this.#give !== undefined && this.#extensions.isQuiet;
  }

  /** Was started before there was an event, and has not begun to ask for one. */
  get isBeginning(): boolean {
    return !this.#isDead && this.#run === undefined && this.#initMs === undefined;
  }

  /** Has answered and not yet asked for more. */
  get isReturning(): boolean {
    if (this.#isDead || this.#initMs === undefined) return false;
    return this.#run === undefined ? !this.#isReady : this.#run.isOver;
  }

  get isDead(): boolean {
    return this.#isDead;
  }

  /** `performance.now()` when it became idle. */
  get idleSince(): number {
    return this.#idleSince;
  }

  /** Runs one event to its end, whatever that is. To be called when it has none. */
  run(event: EventToRun): Promise<Outcome> {
    const isFirst = this.#give === undefined;
    this.#onLine = event.onLine;
    for (const line of this.#earlyLines.splice(0)) event.onLine(line);
    return new Promise((resolve) => {
      const run: Run = {
        event,
        startedAt: performance.now(),
        isGiven: false,
        isOver: false,
        stopTimer: () => {},
        end: (ending) => {
          if (run.isOver) return;
          run.isOver = true;
          run.stopTimer();
          const durationMs = run.isGiven || ending.timedOut ? performance.now() - run.startedAt : 0;
          const initMs = isFirst ? (this.#initMs ?? performance.now() - this.#startedAt) : undefined;
          const peakBytes = this.#process?.peakBytes();
          this.#reportEnd(run, ending, { durationMs, initMs, peakBytes });
          // What it wrote before it answered is in the pipe already, and read in this turn.
          setImmediate(() => {
            this.#run = undefined;
            this.#output.end();
            if (this.#isReady) this.#becomeIdle();
            resolve({ ...ending, durationMs, initMs, peakBytes });
          });
        },
      };
      this.#run = run;
      if (this.#isDead) return run.end(this.#initFailure(event.requestId, "Runtime exited without providing a reason"));
      if (this.#isReady) this.#handOver(run);
      else this.#limit(run, initLimitMs + event.timeoutMs);
    });
  }

  kill(): void {
    this.#isDead = true;
    this.#stopOverrun();
    this.#around.api.dismiss(this.#token);
    this.#process?.kill();
    this.#extensions.kill();
  }

  /** Ends it, after its extensions have heard of it where they want to. */
  retire(reason: ShutdownReason): Promise<void> {
    this.#retired ??= this.#retire(reason);
    return this.#retired;
  }

  serveExtension(what: string, request: IncomingMessage, response: ServerResponse): void {
    this.#extensions.serve(what, request, response);
  }

  next(give: (event: RuntimeEvent) => void): void {
    if (this.#initMs === undefined) {
      this.#initMs = performance.now() - this.#startedAt;
      this.#extensions.initialised();
      const phase = { initializationType: "on-demand", phase: "init" };
      this.#extensions.telemetry.platform("initRuntimeDone", { ...phase, status: "success" });
      this.#extensions.telemetry.platform("initReport", { ...phase, metrics: { durationMs: this.#initMs } });
    }
    this.#give = give;
    this.#proceed();
  }

  /** Goes on once everybody waits. A process may ask before the end of its answer is read. */
  #proceed(): void {
    if (!this.#isReady) return;
    this.#stopOverrun();
    if (this.#run === undefined) this.#becomeIdle();
    else if (!this.#run.isGiven) this.#handOver(this.#run);
  }

  #becomeIdle(): void {
    this.#idleSince = performance.now();
    this.#onChange();
  }

  respond(requestId: string, request: IncomingMessage, done: (status: 202 | 413) => void): boolean {
    const run = this.#runOf(requestId);
    if (run === undefined) return false;
    const isStream = request.headers["lambda-runtime-function-response-mode"] === "streaming";
    const contentType = request.headers["content-type"];
    const { sink, executedVersion } = run.event;
    request.on("error", () => {});
    if (isStream && sink !== undefined) this.#pass(run, request, sink, { contentType, executedVersion }, done);
    else this.#collect(run, request, isStream ? contentType : undefined, done);
    return true;
  }

  fail(requestId: string, error: string): boolean {
    const run = this.#runOf(requestId);
    run?.end({ payload: error, functionError: "Unhandled" });
    return run !== undefined;
  }

  failInit(error: string): void {
    this.#initError = error;
    const run = this.#run;
    run?.end({ payload: error, functionError: "Unhandled" });
    this.kill();
    this.#onChange();
  }

  async #start(launch: Promise<Launch>): Promise<void> {
    const [{ command, args, env, directory, extensions = [] }, address] = await Promise.all([
      launch,
      this.#around.api.admit(this.#token, this),
    ]);
    if (this.#isDead) return;
    this.#programEnv = { ...env, AWS_LAMBDA_RUNTIME_API: address };
    this.#directory = directory;
    await this.#extensions.launch(extensions);
    if (this.#isDead) return;
    this.#process = this.#around.processes.start({
      command,
      args,
      env: this.#programEnv,
      directory,
      onOutput: (chunk) => this.#output.push(chunk),
    });
    this.#ended(await this.#process.ended);
  }

  #handOver(run: Run): void {
    const give = this.#give as (event: RuntimeEvent) => void;
    this.#give = undefined;
    run.isGiven = true;
    run.startedAt = performance.now();
    run.stopTimer();
    this.#limit(run, run.event.timeoutMs);
    const { timeoutMs, sink: _sink, onLine: _onLine, executedVersion: _version, ...event } = run.event;
    const deadlineMs = dateNow() + timeoutMs;
    const { requestId, trace } = event;
    const tracing = { type: "X-Amzn-Trace-Id", value: trace };
    this.#extensions.telemetry.platform("start", { requestId, version: this.#version, tracing });
    give({ ...event, deadlineMs });
    this.#extensions.invoke({ requestId, trace, arn: event.arn, deadlineMs });
  }

  async #retire(reason: ShutdownReason): Promise<void> {
    const wasAlive = !this.#isDead;
    this.#isDead = true;
    if (wasAlive && this.#extensions.hearsOfEnd) {
      if (reason === "spindown") this.#process?.terminate();
      else this.#process?.kill();
      await this.#extensions.shutDown(reason);
    }
    this.kill();
  }

  #startExtension(file: string): RunningProcess {
    const output = new OutputLines((line) => {
      this.#extensions.telemetry.line("extension", line);
      this.#keepLine(line);
    });
    return this.#around.processes.start({
      command: file,
      args: [],
      env: this.#programEnv,
      directory: this.#directory,
      onOutput: (chunk) => output.push(chunk),
    });
  }

  /** Extensions have what is left of the invocation's time. */
  #reportEnd(
    { event: { requestId, timeoutMs }, startedAt }: Run,
    { functionError, timedOut, payload }: Ending,
    { durationMs, initMs, peakBytes }: Pick<Outcome, "durationMs" | "initMs" | "peakBytes">,
  ): void {
    const { telemetry } = this.#extensions;
    if (!this.#extensions.isQuiet && !this.#isDead) {
      const leftMs = Math.max(0, timeoutMs - (performance.now() - startedAt));
      const timer = setTimeout(() => void this.retire("timeout").then(() => this.#onChange()), leftMs).unref();
      this.#stopOverrun = () => clearTimeout(timer);
    }
    if (!telemetry.isHeard) return;
    const status = timedOut ? "timeout" : functionError === undefined ? "success" : "error";
    const metrics = { durationMs, producedBytes: Buffer.byteLength(payload) };
    telemetry.platform("runtimeDone", { requestId, status, metrics });
    const maxMemoryUsedMB = Math.ceil((peakBytes ?? 0) / (1024 * 1024));
    const init = initMs === undefined ? {} : { initDurationMs: initMs };
    telemetry.platform("report", {
      requestId,
      status,
      metrics: {
        durationMs,
        billedDurationMs: Math.ceil(durationMs),
        memorySizeMB: this.#memoryMb,
        maxMemoryUsedMB,
        ...init,
      },
    });
  }

  /** Ends a run that takes too long in real time, or on the clock when that is moved on without it. */
  #limit(run: Run, limitMs: number): void {
    const { clock } = this.#around;
    const stop = () => {
      if (run.isOver) return;
      const seconds = (run.event.timeoutMs / 1000).toFixed(2);
      const errorMessage = `RequestId: ${run.event.requestId} Error: Task timed out after ${seconds} seconds`;
      void this.retire("timeout");
      run.end({
        payload: JSON.stringify({ errorType: "Sandbox.Timedout", errorMessage }),
        functionError: "Unhandled",
        timedOut: true,
      });
      this.#onChange();
    };
    const real = setTimeout(stop, limitMs).unref();
    const moved = clock.mode === "virtual" ? clock.at(clock.now() + limitMs, stop) : undefined;
    run.stopTimer = () => {
      clearTimeout(real);
      moved?.cancel();
    };
  }

  #runOf(requestId: string): Run | undefined {
    const run = this.#run;
    return run?.isGiven === true && !run.isOver && run.event.requestId === requestId ? run : undefined;
  }

  /** Reads an answer whole. */
  #collect(
    run: Run,
    request: IncomingMessage,
    contentType: string | undefined,
    done: (status: 202 | 413) => void,
  ): void {
    const chunks: Buffer[] = [];
    let size = 0;
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size <= maxAnswerBytes) chunks.push(chunk);
    });
    request.on("end", () => {
      if (size > maxAnswerBytes) {
        const errorMessage = `Response payload size exceeded maximum allowed payload size (${maxAnswerBytes} bytes).`;
        run.end({
          payload: JSON.stringify({ errorMessage, errorType: "Function.ResponseSizeTooLarge" }),
          functionError: "Unhandled",
        });
        return done(413);
      }
      const bytes = Buffer.concat(chunks);
      const isText = isUtf8(bytes);
      run.end({ payload: bytes.toString(), contentType, bytes: isText ? undefined : bytes });
      // A process that has asked for its next event does not wait for this; whoever invoked the function comes first.
      if (this.#give === undefined) done(202);
      else setImmediate(() => setImmediate(() => done(202)));
    });
  }

  /** Hands a stream on as it comes; a slow reader holds the function back. */
  #pass(
    run: Run,
    request: IncomingMessage,
    sink: ResponseSink,
    head: { contentType: string | undefined; executedVersion: string },
    done: (status: 202 | 413) => void,
  ): void {
    let size = 0;
    sink.begin(head.contentType, head.executedVersion);
    request.on("data", (chunk: Buffer) => {
      size += chunk.length;
      if (size > maxStreamedBytes || run.isOver) return;
      const full = sink.write(chunk);
      if (full === undefined) return;
      request.pause();
      full.then(
        () => request.resume(),
        () => request.resume(),
      );
    });
    request.on("end", () => {
      run.end({ payload: "", contentType: head.contentType });
      done(size > maxStreamedBytes ? 413 : 202);
    });
  }

  #line(line: string): void {
    this.#extensions.telemetry.line("function", line);
    this.#keepLine(line);
  }

  #keepLine(line: string): void {
    if (this.#onLine !== undefined) this.#onLine(line);
    else if (this.#earlyLines.length < 1000) this.#earlyLines.push(line);
  }

  #ended({ code, signal, failure }: ProcessEnd): void {
    void this.retire("failure");
    const run = this.#run;
    if (run !== undefined) {
      const reason =
        failure ??
        (signal !== null
          ? `Runtime exited with error: signal: ${signal === "SIGKILL" ? "killed" : signal.toLowerCase()}`
          : code === 0
            ? "Runtime exited without providing a reason"
            : `Runtime exited with error: exit status ${code}`);
      run.end(this.#initFailure(run.event.requestId, reason));
    }
    this.#onChange();
  }

  #initFailure(requestId: string, reason: string): Ending {
    const error = { errorType: this.#errorType, errorMessage: `RequestId: ${requestId} Error: ${reason}` };
    return { payload: this.#initError ?? JSON.stringify(error), functionError: "Unhandled" };
  }
}
