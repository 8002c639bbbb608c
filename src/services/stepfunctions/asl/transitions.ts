import type { Outgoing } from "./data-flow.ts";
import { StateError } from "./errors.ts";
import type { DoneFrame, FanFrame, ItemsFrame, ThreadFrame } from "./execution.ts";
import { payloadDetails } from "./history.ts";
import { type Json, type JsonObject, maxPayloadBytes, payloadText, writeJson } from "./json.ts";
import type { Run } from "./run.ts";
import { visibleVariables } from "./scope.ts";
import { joinSources, rememberSource, sourceOf } from "./source-texts.ts";

/** Most iterations of an inline Map that run at once. */
const maxInlineConcurrency = 40;

/** JSON text of a payload, its source text if it has one. Throws States.DataLimitExceeded beyond AWS's limit. */
export function producedText(value: Json, producer: string): string {
  const source = sourceOf(value);
  const text = source !== undefined && Buffer.byteLength(source) <= maxPayloadBytes ? source : payloadText(value);
  if (text !== undefined) return text;
  throw new StateError(
    "States.DataLimitExceeded",
    `The state/task '${producer}' returned a result with a size exceeding the maximum number of bytes service limit.`,
  );
}

/** Adds a thread that is about to enter its first state. */
export function startThread(
  run: Run,
  thread: Pick<ThreadFrame, "id" | "fan" | "index" | "state" | "input" | "previous">,
): void {
  run.put({
    kind: "thread",
    ...thread,
    variables: {},
    phase: "enter",
    halted: false,
    before: 0,
    entered: 0,
    enteredAtMs: 0,
    retries: [],
  });
  run.head.ready.push(thread.id);
}

/** Enters the thread's state. The event of the very first state shows the input as the caller wrote it. */
export function enterState(run: Run, thread: ThreadFrame): void {
  const node = run.node(thread);
  const { meta, head } = run.execution;
  const first = thread.fan === null && head.lastEventId === 1;
  const text = first ? meta.inputText : producedText(thread.input, thread.state);
  thread.before = thread.previous;
  thread.enteredAtMs = run.env.nowMs;
  thread.retries = [];
  thread.entered = run.emitFor(thread, `${node.type}StateEntered`, {
    name: thread.state,
    ...payloadDetails("input", text),
  });
  thread.phase = "run";
  run.ready(thread);
}

/**
 * Leaves the thread's state: writes the Exited event, sets the variables, and goes to the next state or, if there is
 * none, ends the thread.
 */
export function exitState(
  run: Run,
  thread: ThreadFrame,
  { output, assigned }: Outgoing,
  next: string | undefined,
): void {
  const node = run.node(thread);
  const text = producedText(output, thread.state);
  const probe = run.env.probe;
  if (probe) {
    const variables = { ...visibleVariables(run, thread), ...assigned };
    run.head.status = "SUCCEEDED";
    probe.ended({
      status: "SUCCEEDED",
      output,
      variables,
      ...(next === undefined ? {} : { nextState: next }),
    });
    return;
  }
  run.emitFor(thread, `${node.type}StateExited`, exitDetails(thread.state, text, assigned));
  if (assigned) thread.variables = { ...thread.variables, ...assigned };
  delete thread.task;
  delete thread.mapRun;
  if (thread.inner !== undefined) removeFan(run, thread.inner);
  delete thread.inner;
  if (next === undefined) {
    finishThread(run, thread, output, text);
    return;
  }
  thread.state = next;
  thread.input = output;
  thread.phase = "enter";
  run.ready(thread);
}

function exitDetails(name: string, text: string, assigned: JsonObject | undefined): JsonObject {
  const details: JsonObject = { name, output: text, outputDetails: { truncated: false } };
  if (!assigned || Object.keys(assigned).length === 0) return details;
  const texts: JsonObject = {};
  for (const key of Object.keys(assigned).sort()) texts[key] = writeJson(assigned[key]);
  return { ...details, assignedVariables: texts, assignedVariablesDetails: { truncated: false } };
}

function finishThread(run: Run, thread: ThreadFrame, output: Json, text: string): void {
  if (thread.fan === null) {
    run.emitLast("ExecutionSucceeded", thread.previous, payloadDetails("output", text));
    run.head.status = "SUCCEEDED";
    run.effects.push(
      { type: "cancelTimer", timerId: "execution" },
      { type: "finish", status: "SUCCEEDED", output: text },
    );
    return;
  }
  const fan = run.fan(thread.fan);
  const parent = run.thread(fan.thread)!;
  fan.active.splice(fan.active.indexOf(thread.index), 1);
  fan.freed.push(thread.previous);
  const isMap = run.node(parent).type === "Map";
  fan.last = isMap
    ? run.emit("MapIterationSucceeded", thread.previous, { name: parent.state, index: thread.index })
    : thread.previous;
  const isLaidOut = sourceOf(output) !== undefined;
  run.put({ kind: "done", id: thread.id, output, ...(isLaidOut ? { text } : {}) });
  run.ready(parent);
}

/** Sets up the branches or iterations of a Parallel or Map state; the thread continues when they are done. */
export function startFan(
  run: Run,
  thread: ThreadFrame,
  fan: { total: number; concurrency: number; items?: Json[]; keys?: string[] | undefined },
): void {
  const isMap = run.node(thread).type === "Map";
  const id = `${thread.id}.${run.nextId()}`;
  const started = run.emitFor(
    thread,
    isMap ? "MapStateStarted" : "ParallelStateStarted",
    isMap ? { length: fan.total } : undefined,
  );
  const wanted = fan.concurrency > 0 ? fan.concurrency : Infinity;
  run.put({
    kind: "fan",
    id,
    thread: thread.id,
    started,
    last: started,
    total: fan.total,
    limit: Math.min(wanted, isMap ? maxInlineConcurrency : fan.total),
    next: 0,
    active: [],
    freed: [],
  });
  if (fan.items) {
    run.put({ kind: "items", id: `${id}.items`, items: fan.items, ...(fan.keys ? { keys: fan.keys } : {}) });
  }
  thread.inner = id;
  thread.phase = "fan";
  run.ready(thread);
}

/**
 * Starts as many branches or iterations as may run. `inputOf` gives the input and first state of each; if that takes
 * long, the thread is put at the end of the queue to continue later.
 */
export function fillFan(
  run: Run,
  thread: ThreadFrame,
  fan: FanFrame,
  inputOf: (index: number) => { input: Json; state: string },
): void {
  const isMap = run.node(thread).type === "Map";
  while (fan.next < fan.total && fan.active.length < fan.limit) {
    if (run.evaluation.isLong()) {
      run.ready(thread);
      return;
    }
    const index = fan.next;
    const { input, state } = inputOf(index);
    const origin = fan.freed.shift() ?? fan.started;
    const previous = isMap ? run.emit("MapIterationStarted", origin, { name: thread.state, index }) : fan.started;
    fan.next++;
    fan.active.push(index);
    startThread(run, { id: `${fan.id}.${index}`, fan: fan.id, index, state, input, previous });
  }
}

/** Whether all branches or iterations have succeeded. */
export function fanIsDone(fan: FanFrame): boolean {
  return fan.next === fan.total && fan.active.length === 0;
}

/**
 * Takes the outputs of all branches or iterations, in order (those of branches with their source texts), and removes
 * their frames in the same pass: a Map may have a hundred thousand, and the step blocks the process.
 */
export function takeOutputs(run: Run, fan: FanFrame, isMap: boolean): Json[] {
  const outputs: Json[] = [];
  for (let index = 0; index < fan.total; index++) {
    const id = `${fan.id}.${index}`;
    const { output, text } = run.execution.frames[id] as DoneFrame;
    outputs.push(output);
    // After a restart, only the frame has the text.
    if (text !== undefined) rememberSource(output, text);
    run.remove(id);
  }
  fan.next = 0;
  return isMap ? outputs : joinSources(outputs);
}

/** The items of a fan. */
export function itemsOf(run: Run, fan: FanFrame): ItemsFrame {
  return run.execution.frames[`${fan.id}.items`] as ItemsFrame;
}

/** Removes a fan with everything below it. */
export function removeFan(run: Run, id: string): void {
  const pending = [id];
  while (pending.length > 0) {
    const fanId = pending.pop()!;
    const fan = run.execution.frames[fanId];
    if (fan?.kind !== "fan") continue;
    for (let index = 0; index < fan.next; index++) {
      const child = run.execution.frames[`${fanId}.${index}`];
      if (child?.kind === "thread" && child.inner !== undefined) pending.push(child.inner);
      run.remove(`${fanId}.${index}`);
    }
    run.remove(`${fanId}.items`);
    run.remove(fanId);
  }
}

/** A state's Next; undefined for one that ends its thread. */
export function nextOf(fields: JsonObject): string | undefined {
  return typeof fields["Next"] === "string" ? fields["Next"] : undefined;
}
