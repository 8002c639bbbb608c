import { getOwn } from "../../../../protocols/unknown-json.ts";
import type { FanFrame, ItemsFrame, ThreadFrame } from "./execution.ts";
import type { Json, JsonObject } from "./json.ts";
import type { QueryScope } from "./jsonata/query.ts";
import { type Roots, Visits } from "./jsonpath/path-read.ts";
import { loneStateName } from "./machine.ts";
import type { Run } from "./run.ts";
import { isoTime } from "./timestamps.ts";

/** `$$.Map.Item`, the current item. Source: where a distributed Map has read it. */
export type MapItem = { Index: number; Value: Json; Key?: string; Source?: string };

/** Where a state's expressions are evaluated: the thread, a task token, and the Map item if not the thread's own. */
export type Place = { run: Run; thread: ThreadFrame; token?: string | undefined; item?: MapItem };

/** The value of a variable in the thread's scope or the nearest enclosing one. */
function variableIn(run: Run, thread: ThreadFrame, name: string): Json | undefined {
  const own = getOwn(thread.variables, name);
  if (own !== undefined || thread.fan === null) return own;
  const fan = run.execution.frames[thread.fan] as FanFrame;
  return variableIn(run, run.execution.frames[fan.thread] as ThreadFrame, name);
}

/** All variables visible in a thread. */
export function visibleVariables(run: Run, thread: ThreadFrame): JsonObject {
  if (thread.fan === null) return { ...thread.variables };
  const fan = run.execution.frames[thread.fan] as FanFrame;
  return { ...visibleVariables(run, run.execution.frames[fan.thread] as ThreadFrame), ...thread.variables };
}

function itemOf(run: Run, thread: ThreadFrame): MapItem | undefined {
  if (thread.fan === null) return undefined;
  const fan = run.execution.frames[thread.fan] as FanFrame;
  const parent = run.execution.frames[fan.thread] as ThreadFrame;
  if (run.node(parent).type !== "Map") return itemOf(run, parent);
  return mapItem(run.execution.frames[`${fan.id}.items`] as ItemsFrame, thread.index);
}

/** The item of an inline Map at an index. */
export function mapItem(items: ItemsFrame, index: number): MapItem {
  const key = items.keys?.[index];
  return { Index: index, Value: items.items[index]!, ...(key === undefined ? {} : { Key: key }) };
}

/** The context object, `$$` or `$states.context`, for a state (Step Functions, Context object). */
function contextOf(place: Place): JsonObject {
  const { run, thread } = place;
  const given = run.env.probe?.context;
  if (given) return given;
  const { meta, input, head } = run.execution;
  const startTime = isoTime(meta.startedAtMs);
  const redrive: JsonObject = { RedriveCount: head.redriveCount };
  if (head.redrivenAtMs !== undefined) redrive["RedriveTime"] = isoTime(head.redrivenAtMs);
  const execution: JsonObject =
    meta.type === "STANDARD"
      ? { Id: meta.arn, Input: input, StartTime: startTime, Name: meta.name, RoleArn: meta.roleArn, ...redrive }
      : { Id: meta.arn, Input: input, Name: meta.name, RoleArn: meta.roleArn, StartTime: startTime, ...redrive };
  if (run.env.probe || meta.sync) delete execution["RedriveCount"];
  const state: JsonObject = {
    Name: run.env.probe ? loneStateName : thread.state,
    EnteredTime: isoTime(thread.enteredAtMs),
  };
  if (["Task", "Parallel", "Map"].includes(run.node(thread).type)) state["RetryCount"] = retryCount(run, thread);
  const context: JsonObject = {
    Execution: execution,
    StateMachine: { Id: meta.stateMachineArn, Name: meta.stateMachineName },
    State: state,
  };
  const token = place.token ?? thread.task?.token;
  if (token !== undefined) context["Task"] = { Token: token };
  const item = place.item ?? itemOf(run, thread);
  if (item) {
    const { Index, Value, Key, Source } = item;
    const origin = { ...(Key === undefined ? {} : { Key }), ...(Source === undefined ? {} : { Source }) };
    context["Map"] = { Item: { Index, Value, ...origin } };
  }
  return context;
}

/** Retries of all retriers since the state was entered. */
export function retryCount(run: Run, thread: ThreadFrame): number {
  return thread.retries.reduce((sum, count) => sum + (count ?? 0), run.env.probe?.retryCount ?? 0);
}

/** What JSONPath expressions can refer to; `input` is their `$`. */
export function rootsOf(place: Place, input: Json): Roots {
  let context: JsonObject | undefined;
  return {
    input,
    context: () => (context ??= contextOf(place)),
    variable: (name) => variableIn(place.run, place.thread, name),
    visits: new Visits(),
  };
}

/** What JSONata expressions can refer to. */
export function queryScope(place: Place, extra: { result?: Json; errorOutput?: Json } = {}): QueryScope {
  const { run, thread } = place;
  let context: JsonObject | undefined;
  return {
    states: { input: thread.input, context: () => (context ??= contextOf(place)), ...extra },
    variable: (name) => variableIn(run, thread, name),
    nowMs: run.env.nowMs,
    chance: run.env.chance,
    time: run.evaluation,
  };
}
