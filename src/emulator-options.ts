import type { PolicyMode } from "./access/guard.ts";
import type { ClockMode } from "./engine/clock.ts";
import type { Disk } from "./engine/disk.ts";
import type { OnTrouble } from "./engine/store.ts";

export interface EmulatorOptions {
  /** Keeps state in this directory; in memory when absent. */
  readonly dataDir?: string | undefined;
  /** Keeps state on this disk instead; for tests of what becomes of it when a process ends. */
  readonly disk?: Disk | undefined;
  /** Region of requests that name none. */
  readonly defaultRegion?: string | undefined;
  /** `virtual` makes time stand still until it is moved. */
  readonly clock?: ClockMode | undefined;
  /** Epoch milliseconds at which the clock starts; now unless told. */
  readonly startMs?: number | undefined;
  /** With a virtual clock and a seed: nothing is left to the machine's own time, so that a run is the same each time. */
  readonly untimed?: boolean | undefined;
  /** Makes ids and every other random choice repeatable. */
  readonly seed?: string | undefined;
  /** Does as AWS where that only slows tests down. */
  readonly strict?: boolean | undefined;
  /** What becomes of what a resource's policy does not allow: it is let through and noted unless told. */
  readonly policies?: PolicyMode | undefined;
  /** Told once of each sender and what a policy does not let it do, in words. */
  readonly onRefusal?: ((text: string) => void) | undefined;
  /** How long Kinesis streams are CREATING, UPDATING or DELETING; 0, the next request sees the result, unless told. */
  readonly streamDelayMs?: number | undefined;
  /** Outcomes of Step Functions tasks, in the format of Step Functions Local's mock configuration file. */
  readonly mocks?: unknown;
  /** A directory whose folders stand for S3 buckets. */
  readonly s3Root?: string | undefined;
  /** URLs of services that Busbar does not have, by the name Step Functions calls them. */
  readonly endpoints?: Readonly<Record<string, string>> | undefined;
  /** URLs of the keys with which issuers sign their tokens, by issuer. */
  readonly jwks?: Readonly<Record<string, string>> | undefined;
  /** Handler files, and URLs that speak Lambda's Invoke API, by the name or ARN of their function. */
  readonly functions?: Readonly<Record<string, string>> | undefined;
  /** The Node that runs functions; the one that runs us unless told. */
  readonly lambdaNode?: string | undefined;
  /** Bytes the process may use before new work is refused; nobody looks unless told. */
  readonly maxMemory?: number | undefined;
  /** Told once when memory becomes short and once when it is enough again, in words. Default: a warning of the process. */
  readonly onMemory?: ((isShort: boolean, text: string) => void) | undefined;
  /** Told of bugs: an error that is not an answer of AWS, with the place it came from. */
  readonly onBug?: ((error: unknown, where: string) => void) | undefined;
  /** Told once when the data directory takes no more writes, and without a reason once it does again. */
  readonly onTrouble?: OnTrouble | undefined;
  /** Told once of what a person should know and no answer can say. Default: a warning of the process. */
  readonly onNotice?: ((text: string) => void) | undefined;
}
