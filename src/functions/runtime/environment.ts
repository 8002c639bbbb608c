/** An execution environment: a process that takes one event after another over the Runtime API. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../engine/clock.ts";
import type { ProcessEnd, Processes, RunningProcess } from "../../engine/processes.ts";
import { clearTimeout, dateNow, performance, setImmediate, setTimeout } from "../../engine/real-time.ts";
import { Extensions, type ShutdownReason } from "./extensions.ts";
import { collectAnswer, passAnswer } from "./function-answers.ts";
import { CannotRun, type Launch, type RuntimeSpec } from "./launch.ts";
import { EventLog, OutputLines } from "./output-lines.ts";
import { reportEnd, reportInit, reportStart } from "./reports.ts";
import { type Ending, type EventToRun, exitReason, type Outcome, Run } from "./runs.ts";
import type { RuntimeApi, RuntimeClient, RuntimeEvent } from "./runtime-api.ts";

/** How long initialisation may take before it counts as part of the invocation. */
const initLimitMs = 10_000;
/**
 * Real milliseconds for which moves of the clock wait for a start. A busy machine needs seconds to start a process, and
 * time that moved on meanwhile would end the first invocation.
 */
const startPatienceMs = 5_000;

/** Data of an environment: its function, the token it identifies itself with, and how its runtime starts. */
export interface Order {
  readonly spec: Pick<RuntimeSpec, "name" | "version" | "handler" | "account" | "memoryMb">;
  readonly token: string;
  readonly launch: Promise<Launch>;
  newId(): string;
}

export interface EnvironmentDeps {
  readonly api: RuntimeApi;
  readonly processes: Processes;
  readonly clock: Clock;
}

export class Environment implements RuntimeClient {
  readonly #deps: EnvironmentDeps;
  readonly #token: string;
  readonly #onChange: () => void;
  readonly #startedAt = performance.now();
  readonly #output = new OutputLines((line) => this.#line("function", line));
  #process: RunningProcess | undefined;
  #give: ((event: RuntimeEvent) => void) | undefined;
  #run: Run | undefined;
  readonly #log = new EventLog();
  #programEnv: Readonly<Record<string, string>> = {};
  #directory = ".";
  #initMs: number | undefined;
  #initError: string | undefined;
  #errorType = "Runtime.ExitError";
  #isDead = false;
  #retired: Promise<void> | undefined;
  #idleSince = 0;
  readonly #extensions: Extensions;
  readonly #memoryMb: number;
  readonly #version: string;
  readonly #endStart: () => void;
  /** Of the event that waits for the start. */
  #first: Promise<Outcome> | undefined;
  /** Ends the environment when extensions take longer than the invocation may. */
  #stopOverrun = () => {};

  /** @param onChange called whenever the environment becomes idle or ends. */
  constructor(deps: EnvironmentDeps, { spec, token, launch, newId }: Order, onChange: () => void) {
    this.#deps = deps;
    this.#token = token;
    this.#onChange = onChange;
    this.#memoryMb = spec.memoryMb;
    this.#version = spec.version;
    this.#endStart = deps.clock.begin();
    setTimeout(this.#endStart, startPatienceMs).unref();
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

  /** Whether it is waiting for its next event. */
  get isIdle(): boolean {
    return !this.#isDead && this.#run === undefined && this.#isReady;
  }

  /** Whether the runtime and all extensions are waiting for the next event. */
  get #isReady(): boolean {
    return this.#give !== undefined && this.#extensions.isQuiet;
  }

  /** Whether it was started ahead of any event and has not asked for one yet. */
  get isBeginning(): boolean {
    return !this.#isDead && this.#run === undefined && this.#initMs === undefined;
  }

  /** Whether it has answered and not yet asked for the next event. */
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

  /** Runs one event to its end. Call it only when no event is running. */
  run(event: EventToRun): Promise<Outcome> {
    const isFirst = this.#give === undefined;
    this.#log.begin(event.onLine);
    const outcome = new Promise<Outcome>((resolve) => {
      const run = new Run(event, (ending, durationMs) => {
        const initMs = isFirst ? (this.#initMs ?? performance.now() - this.#startedAt) : undefined;
        const peakBytes = this.#process?.peakBytes();
        this.#endOverrun(run);
        const took = { durationMs, initMs, peakBytes };
        reportEnd(this.#extensions.telemetry, event.requestId, ending, took, this.#memoryMb);
        // Output written before the answer is already in the pipe, and will be read in this turn.
        setImmediate(() => {
          this.#run = undefined;
          this.#output.end();
          if (this.#isReady) this.#becomeIdle();
          resolve({ ...ending, ...took });
        });
      });
      this.#run = run;
      if (this.#isDead) return run.end(this.#initFailure(event.requestId, "Runtime exited without providing a reason"));
      if (this.#isReady) this.#handOver(run);
      else this.#limit(run, initLimitMs + event.timeoutMs);
    });
    if (this.#initMs === undefined) this.#first = outcome;
    return outcome;
  }

  kill(): void {
    this.#isDead = true;
    this.#endStart();
    this.#stopOverrun();
    this.#deps.api.dismiss(this.#token);
    this.#process?.kill();
    this.#extensions.kill();
  }

  /** Ends it, after telling those extensions that want to know. */
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
      // Whoever waits for the first event may have held the clock for as long as anybody may.
      if (this.#first !== undefined) void this.#deps.clock.trackOutside(this.#first);
      this.#first = undefined;
      this.#endStart();
      this.#extensions.initialised();
      reportInit(this.#extensions.telemetry, this.#initMs);
    }
    this.#give = give;
    this.#proceed();
  }

  /** Continues once runtime and extensions all wait. A process may ask before the end of its answer has been read. */
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
    const { sink } = run.event;
    request.on("error", () => {});
    if (isStream && sink !== undefined) {
      passAnswer(run, request, sink, contentType, done);
      return true;
    }
    collectAnswer(run, request, isStream ? contentType : undefined, (status) => {
      // A process that has asked for its next event does not wait for this answer; the function's caller comes first.
      if (status === 413 || this.#give === undefined) done(status);
      else setImmediate(() => setImmediate(() => done(status)));
    });
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
      this.#deps.api.admit(this.#token, this),
    ]);
    if (this.#isDead) return;
    this.#programEnv = { ...env, AWS_LAMBDA_RUNTIME_API: address };
    this.#directory = directory;
    await this.#extensions.launch(extensions);
    if (this.#isDead) return;
    this.#process = this.#deps.processes.start({
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
    run.give();
    const { requestId, payload, arn, trace, clientContext, timeoutMs } = run.event;
    this.#limit(run, timeoutMs);
    const deadlineMs = dateNow() + timeoutMs;
    reportStart(this.#extensions.telemetry, run.event, this.#version);
    give({ requestId, payload, deadlineMs, arn, trace, clientContext });
    this.#extensions.invoke({ requestId, trace, arn, deadlineMs });
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
    const output = new OutputLines((line) => this.#line("extension", line));
    return this.#deps.processes.start({
      command: file,
      args: [],
      env: this.#programEnv,
      directory: this.#directory,
      onOutput: (chunk) => output.push(chunk),
    });
  }

  /** Extensions get what is left of the invocation's time. */
  #endOverrun(run: Run): void {
    if (this.#extensions.isQuiet || this.#isDead) return;
    const timer = setTimeout(() => void this.retire("timeout").then(() => this.#onChange()), run.leftMs).unref();
    this.#stopOverrun = () => clearTimeout(timer);
  }

  #limit(run: Run, limitMs: number): void {
    run.limit(this.#deps.clock, limitMs, () => {
      void this.retire("timeout");
      run.timeOut();
      this.#onChange();
    });
  }

  #runOf(requestId: string): Run | undefined {
    const run = this.#run;
    return run?.isGiven === true && !run.isOver && run.event.requestId === requestId ? run : undefined;
  }

  #line(who: "function" | "extension", line: string): void {
    this.#extensions.telemetry.line(who, line);
    this.#log.add(line);
  }

  #ended(end: ProcessEnd): void {
    void this.retire("failure");
    const run = this.#run;
    run?.end(this.#initFailure(run.event.requestId, exitReason(end)));
    this.#onChange();
  }

  #initFailure(requestId: string, reason: string): Ending {
    const error = { errorType: this.#errorType, errorMessage: `RequestId: ${requestId} Error: ${reason}` };
    return { payload: this.#initError ?? JSON.stringify(error), functionError: "Unhandled" };
  }
}
