import type { PolicyMode } from "./access/guard.ts";
import type { ClockMode } from "./engine/clock.ts";
import type { Disk } from "./engine/disk.ts";
import type { OnTrouble } from "./engine/store.ts";

export interface EmulatorOptions {
  /** Keeps state in this directory; in memory when absent. */
  readonly dataDir?: string | undefined;
  /** Keeps state on this disk instead; for tests of what survives a crash. */
  readonly disk?: Disk | undefined;
  /** Region of requests that name none. */
  readonly defaultRegion?: string | undefined;
  /** `virtual` makes time stand still until it is moved. */
  readonly clock?: ClockMode | undefined;
  /** Epoch milliseconds at which the clock starts. Default: now. */
  readonly startMs?: number | undefined;
  /** With a virtual clock and a seed: nothing depends on real time, so every run is the same. */
  readonly untimed?: boolean | undefined;
  /** Makes ids and every other random choice repeatable. */
  readonly seed?: string | undefined;
  /** Imitates AWS's waits and limits even where they only slow tests down. */
  readonly strict?: boolean | undefined;
  /** What happens to calls that a resource policy does not allow. Default: let through and noted. */
  readonly policies?: PolicyMode | undefined;
  /** Called once per sender and action that a policy does not allow, with a description. */
  readonly onRefusal?: ((text: string) => void) | undefined;
  /**
   * How long Kinesis streams stay CREATING, UPDATING or DELETING, in ms. Default 0: the next request sees the result.
   */
  readonly streamDelayMs?: number | undefined;
  /** Outcomes of Step Functions tasks, in the format of Step Functions Local's mock configuration file. */
  readonly mocks?: unknown;
  /** A directory whose folders act as S3 buckets. */
  readonly s3Root?: string | undefined;
  /** URLs of services that Busbar does not have, by the name Step Functions calls them. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined;
  /** URLs of the keys that issuers sign their tokens with, by issuer. */
  readonly jwks?: Readonly<Record<string, string>> | undefined;
  /** Handler files, and URLs that speak Lambda's Invoke API, by function name or ARN. */
  readonly functions?: Readonly<Record<string, string>> | undefined;
  /** Path of the Node that runs functions. Default: the one that runs Busbar. */
  readonly lambdaNode?: string | undefined;
  /** Bytes the process may use before it refuses new work. Default: no limit. */
  readonly maxMemory?: number | undefined;
  /** Called with a description when memory runs short and again when there is enough. Default: a process warning. */
  readonly onMemory?: ((isShort: boolean, text: string) => void) | undefined;
  /** Called for bugs: errors that are not AWS answers, with the place they came from. */
  readonly onBug?: ((error: unknown, where: string) => void) | undefined;
  /** Called once when the data directory stops accepting writes, and without a reason once it accepts them again. */
  readonly onTrouble?: OnTrouble | undefined;
  /** Called with what a user should know and no answer can say. Default: a process warning. */
  readonly onNotice?: ((text: string) => void) | undefined;
}
