import type { Chance } from "./chance.ts";
import type { HistoryEvent } from "./history.ts";
import type { Json, JsonObject } from "./json.ts";
import type { TaskPattern, TaskResource } from "./resource.ts";

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** The part of an execution that never changes. */
export type ExecutionMeta = {
  arn: string;
  name: string;
  type: "STANDARD" | "EXPRESS";
  /** Whether the caller waits for its end, as StartSyncExecution does. */
  sync?: boolean;
  roleArn: string | null;
  startedAtMs: number;
  /** The input exactly as the caller wrote it. */
  inputText: string;
  /** Unqualified ARN; for a child of a map run, of the labelled machine. */
  stateMachineArn: string;
  stateMachineName: string;
  stateMachineVersionArn?: string | undefined;
  stateMachineAliasArn?: string | undefined;
};

/** The part of an execution that changes with nearly every step; its size does not depend on the data. */
export type ExecutionHead = {
  status: ExecutionStatus;
  /** Id of the last history event. */
  lastEventId: number;
  /** Counter from which frame and task ids are made. */
  sequence: number;
  /** Ids of the threads that can run now, in order. */
  ready: string[];
  redriveCount: number;
  redrivenAtMs?: number;
};

export type Phase =
  /** About to enter `state`. */
  | "enter"
  /** Entered; the work is next. Also a Task about to be retried. */
  | "run"
  | "wait"
  | "waited"
  | "task"
  | "retry"
  /** Branches or iterations are running. */
  | "fan"
  | "mapRun"
  /** TestState: inputs are evaluated, and a mocked result replaces the work. */
  | "mock";

/** The task attempt a thread waits for. */
export type OpenTask = {
  id: string;
  submitted: boolean;
  token?: string;
  timeoutSeconds?: number;
  heartbeatSeconds?: number;
};

/** One sequence of states: the execution itself, a Parallel branch or a Map iteration. */
export type ThreadFrame = {
  kind: "thread";
  id: string;
  /** The fan it belongs to and its index there; null for the execution itself. */
  fan: string | null;
  index: number;
  /** Variables of its own scope. */
  variables: JsonObject;
  state: string;
  phase: Phase;
  /** Stopped from outside or by its own failure; only a redrive continues it. */
  halted: boolean;
  input: Json;
  /** The id that this thread's next event has as its previousEventId. */
  previous: number;
  /** Ids of the event before the current state's Entered event and of that event, and its time. */
  before: number;
  entered: number;
  enteredAtMs: number;
  /** Retries since the state was entered, by retrier. */
  retries: number[];
  task?: OpenTask;
  /** The fan of a running Parallel or Map state. */
  inner?: string;
  mapRun?: { id: string; arn: string; started: number };
};

/** The running branches or iterations of one attempt at a Parallel or Map state. */
export type FanFrame = {
  kind: "fan";
  id: string;
  thread: string;
  /** Ids of the Started event, and of the event that will precede Succeeded. */
  started: number;
  last: number;
  total: number;
  limit: number;
  next: number;
  active: number[];
  /** For each iteration that ended: its last event, which precedes the events of the iteration that replaces it. */
  freed: number[];
};

/**
 * The items of a running Map, or the common input of a Parallel's branches; written once. `keys`: those of an object.
 */
export type ItemsFrame = { kind: "items"; id: string; items: Json[]; keys?: string[] };

/** A branch or iteration that has succeeded. */
export type DoneFrame = {
  kind: "done";
  id: string;
  output: Json;
  /** The output's source text, if it differs from ours. */
  text?: string;
};

export type Frame = ThreadFrame | FanFrame | ItemsFrame | DoneFrame;

/** An execution as plain JSON. Frames can be stored one by one: `step` returns which have changed. */
export type Execution = { meta: ExecutionMeta; input: Json; head: ExecutionHead; frames: Record<string, Frame> };

/** Work to be done for a Task state. */
export type TaskRequest = {
  /** Unique in the execution; signals name it. */
  taskId: string;
  stateName: string;
  resource: TaskResource;
  pattern: TaskPattern;
  /** Evaluated Parameters or Arguments. */
  parameters: Json;
  credentials?: Json;
  timeoutSeconds?: number;
  heartbeatSeconds?: number;
  /** Task token, for callbacks and activities. */
  token?: string;
  /** Retries made before this attempt. */
  attempt: number;
};

/** A distributed Map to run: its items or where to read them, and its evaluated limits. */
export type MapRunRequest = {
  mapRunId: string;
  mapRunArn: string;
  stateName: string;
  label: string;
  executionType: "STANDARD" | "EXPRESS";
  /** The items, unless an ItemReader reads them; `keys` if they are an object's members. */
  items?: Json[];
  keys?: string[];
  itemReader?: { resource: string; parameters: Json; readerConfig: JsonObject };
  itemBatcher?: { maxItemsPerBatch?: number; maxInputBytesPerBatch?: number; batchInput?: Json };
  resultWriter?: { resource?: string; parameters?: Json; writerConfig?: Json };
  /** 0 for no limit of its own. */
  maxConcurrency: number;
  toleratedFailureCount: number;
  toleratedFailurePercentage: number;
};

/** An input to an execution. Signals for tasks, timers and map runs that are no longer open are ignored. */
export type Signal =
  | { type: "start" }
  /** Sent after a step that stopped to let others run; see the effect `continue`. */
  | { type: "continue" }
  | { type: "timer"; timerId: string }
  /** A worker took an activity task. */
  | { type: "taskStarted"; taskId: string; workerName?: string }
  | { type: "taskSubmitted"; taskId: string; output: Json }
  | { type: "taskSucceeded"; taskId: string; output: Json }
  | {
      type: "taskFailed";
      taskId: string;
      error?: string;
      cause?: string;
      /** A retry waits at least this long. */
      retryAfterSeconds?: number;
      /** Where the attempt failed; by default derived from its pattern and progress. */
      stage?: "schedule" | "start" | "submit" | "run";
    }
  | { type: "taskHeartbeat"; taskId: string }
  | { type: "mapRunSucceeded"; mapRunId: string; output: Json }
  | { type: "mapRunFailed"; mapRunId: string; error: string; cause?: string }
  | { type: "abort"; error?: string; cause?: string }
  | { type: "redrive"; atMs: number }
  /** TestState: the mocked result of a Task, Parallel or Map. */
  | { type: "mock"; outcome: { result: Json } | { error?: string; cause?: string } };

/** What the runner must do after a step, in order. */
export type Effect =
  | { type: "event"; event: HistoryEvent }
  | { type: "startTask"; task: TaskRequest }
  | { type: "cancelTask"; taskId: string }
  | { type: "setTimer"; timerId: string; atMs: number }
  | { type: "cancelTimer"; timerId: string }
  | { type: "startMapRun"; mapRun: MapRunRequest }
  | { type: "redriveMapRun"; mapRunId: string; mapRunArn: string }
  | { type: "cancelMapRun"; mapRunId: string }
  | { type: "continue" }
  | {
      type: "finish";
      status: Exclude<ExecutionStatus, "RUNNING">;
      /** JSON text. */
      output?: string;
      error?: string;
      cause?: string;
    };

/** Observes the state that a TestState call runs. */
export type Probe = {
  /** Records a stage of the data flow: `afterInputPath`, `result`, … */
  record: (stage: string, value: Json) => void;
  /** What the state's work is mocked with, if it is: its inputs are evaluated, then it waits for a `mock` signal. */
  mocked: "result" | "error" | undefined;
  /** Number of results that a Map is mocked with. */
  mockedResults?: number;
  /** How often the state counts as retried. */
  retryCount: number;
  /** Variables in scope when the state starts. */
  variables: JsonObject;
  /** How many iterations of a mocked Map count as failed. */
  failedIterations: number;
  /** The mocked error comes from a state inside the mocked Map or Parallel. */
  failedInside: boolean;
  /**
   * Makes a Map's items of the data that stands in for its ItemReader's object. Throws a StateError for unreadable
   * data.
   */
  readItems?: (reader: NonNullable<MapRunRequest["itemReader"]>) => ReadData;
  /** Replaces the generated context object. */
  context?: JsonObject;
  /** Called once, when the state has ended; the execution does not continue. */
  ended: (end: StateEnd) => void;
};

/** What an ItemReader has read: the items, and the value at its ItemsPointer. */
export type ReadData = { items: readonly { value: Json; key?: string; source: string }[]; pointed?: Json };

/** How a state under test ended. */
export type StateEnd =
  | { status: "SUCCEEDED"; output: Json; nextState?: string; variables: JsonObject }
  | { status: "FAILED"; error?: string; cause?: string; variables: JsonObject }
  | {
      status: "RETRIABLE";
      error?: string;
      cause?: string;
      retryIndex: number;
      retryBackoffIntervalSeconds: number;
      variables: JsonObject;
    }
  | {
      status: "CAUGHT_ERROR";
      output: Json;
      nextState: string;
      error?: string;
      cause?: string;
      catchIndex: number;
      variables: JsonObject;
    };

/** Everything from outside the execution that a step may use. */
export type Env = {
  nowMs: number;
  chance: Chance;
  /** Region shown in TaskScheduled events. */
  region: string;
  /** Makes a task token. */
  taskToken: (taskId: string) => string;
  /** Why a task cannot be started (bad parameters, unknown activity); ends the execution with this cause. */
  startProblem?: (task: TaskRequest) => string | undefined;
  probe?: Probe;
};
