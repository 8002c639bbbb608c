import type { Chance } from "./chance.ts";
import type { HistoryEvent } from "./history.ts";
import type { Json, JsonObject } from "./json.ts";
import type { TaskPattern, TaskResource } from "./resource.ts";

export type ExecutionStatus = "RUNNING" | "SUCCEEDED" | "FAILED" | "TIMED_OUT" | "ABORTED";

/** What never changes in an execution. */
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
  stateMachineVersionArn?: string;
  stateMachineAliasArn?: string;
};

/** What changes with nearly every step; small, whatever the execution does. */
export type ExecutionHead = {
  status: ExecutionStatus;
  /** Id of the last history event. */
  lastEventId: number;
  /** Counter behind frame and task ids. */
  sequence: number;
  /** Threads that can go on at once, in turn. */
  ready: string[];
  redriveCount: number;
  redrivenAtMs?: number;
};

export type Phase =
  /** About to enter `state`. */
  | "enter"
  /** Entered; the work is next. Also a Task about to be tried again. */
  | "run"
  | "wait"
  | "waited"
  | "task"
  | "retry"
  /** Branches or iterations are running. */
  | "fan"
  | "mapRun"
  /** TestState: inputs are evaluated, a mocked result stands in for the work. */
  | "mock";

/** The task attempt a thread waits for. */
export type OpenTask = {
  id: string;
  submitted: boolean;
  token?: string;
  timeoutSeconds?: number;
  heartbeatSeconds?: number;
};

/** One line of states: the execution itself, a Parallel branch or a Map iteration. */
export type ThreadFrame = {
  kind: "thread";
  id: string;
  /** The fan it belongs to and its place there; null for the execution itself. */
  fan: string | null;
  index: number;
  /** Variables of its own scope. */
  variables: JsonObject;
  state: string;
  phase: Phase;
  /** Stopped from outside or by its own failure; only a redrive moves it on. */
  halted: boolean;
  input: Json;
  /** The event the next one of this thread points to. */
  previous: number;
  /** The event before the current state's Entered event, that event itself, and its time. */
  before: number;
  entered: number;
  enteredAtMs: number;
  /** Retries made in this visit of the state, by retrier. */
  retries: number[];
  task?: OpenTask;
  /** The fan of a Parallel or Map state at work. */
  inner?: string;
  mapRun?: { id: string; arn: string; started: number };
};

/** The running branches or iterations of one attempt at a Parallel or Map state. */
export type FanFrame = {
  kind: "fan";
  id: string;
  thread: string;
  /** The Started event, and the event Succeeded will point to. */
  started: number;
  last: number;
  total: number;
  limit: number;
  next: number;
  active: number[];
  /** For each iteration that ended: the event the iteration taking its place points to. */
  freed: number[];
};

/** The items of a Map state at work, or the one input of all branches of a Parallel; written once. Keys exist when an object was given. */
export type ItemsFrame = { kind: "items"; id: string; items: Json[]; keys?: string[] };

/** What is left of a branch or iteration that has succeeded. */
export type DoneFrame = {
  kind: "done";
  id: string;
  output: Json;
  /** The output's text, where it is laid out as it came. */
  text?: string;
};

export type Frame = ThreadFrame | FanFrame | ItemsFrame | DoneFrame;

/** An execution as plain JSON. Frames can be stored one by one: `step` tells which changed. */
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
  /** Task token, for call-backs and activities. */
  token?: string;
  /** Retries made before this attempt. */
  attempt: number;
};

/** A distributed Map to be run: its children's items or where to read them, and all limits evaluated. */
export type MapRunRequest = {
  mapRunId: string;
  mapRunArn: string;
  stateName: string;
  label: string;
  executionType: "STANDARD" | "EXPRESS";
  /** The items, unless an ItemReader supplies them; keys when an object was given. */
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

/** What happens to an execution. Signals for tasks, timers and runs that are no longer open change nothing. */
export type Signal =
  | { type: "start" }
  /** A step stopped to let others run; see the effect `continue`. */
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
      /** A retry waits at least as long. */
      retryAfterSeconds?: number;
      /** How far the attempt came; by default what its pattern and progress imply. */
      stage?: "schedule" | "start" | "submit" | "run";
    }
  | { type: "taskHeartbeat"; taskId: string }
  | { type: "mapRunSucceeded"; mapRunId: string; output: Json }
  | { type: "mapRunFailed"; mapRunId: string; error: string; cause?: string }
  | { type: "abort"; error?: string; cause?: string }
  | { type: "redrive"; atMs: number }
  /** TestState: the mocked result of a Task, Parallel or Map. */
  | { type: "mock"; outcome: { result: Json } | { error?: string; cause?: string } };

/** What the runner has to do after a step, in order. */
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

/** Observes the one state a TestState call runs. */
export type Probe = {
  /** Notes a stage of the data flow: `afterInputPath`, `result`, … */
  record: (stage: string, value: Json) => void;
  /** With what the state's work is mocked, if it is: evaluate its inputs and wait for a `mock` signal. */
  mocked: "result" | "error" | undefined;
  /** How many results a Map is mocked with. */
  mockedResults?: number;
  /** How often the state counts as retried. */
  retryCount: number;
  /** Variables in scope when the state begins. */
  variables: JsonObject;
  /** How many iterations of a mocked Map count as failed. */
  failedIterations: number;
  /** The mocked error comes from a state inside the mocked Map or Parallel. */
  failedInside: boolean;
  /** Makes a Map's items of the data its ItemReader is said to have read. Throws a StateError for data that it cannot read. */
  readItems?: (reader: NonNullable<MapRunRequest["itemReader"]>) => ReadData;
  /** Replaces the generated context object. */
  context?: JsonObject;
  /** Called once, when the state has ended, instead of going on. */
  ended: (end: StateEnd) => void;
};

/** What an ItemReader made of data: the items, and what its ItemsPointer pointed at. */
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

/** What a step may know of the world. */
export type Env = {
  nowMs: number;
  chance: Chance;
  /** Region shown in TaskScheduled events. */
  region: string;
  /** A fresh task token for the task. */
  taskToken: (taskId: string) => string;
  /** Says why a task cannot be started at all (bad parameters, unknown activity); the text ends the execution. */
  refuseTask?: (task: TaskRequest) => string | undefined;
  probe?: Probe;
};
