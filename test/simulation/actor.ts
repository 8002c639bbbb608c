import type { Outside } from "./outside.ts";
import type { World } from "./world.ts";

/** One thing an actor can do in a step. */
export interface Move {
  /** How often it is chosen, against the weights of all other moves. */
  readonly weight: number;
  /** Chooses by `world.chance`, notes what it does, and keeps the model in step. */
  play(): Promise<void>;
}

/** A part of the simulation: what it uses of the emulator, and what it knows must come of that. */
export interface Actor {
  /** Makes what it needs, before the first step. */
  begin(): Promise<void>;
  readonly moves: readonly Move[];
  /** After the process ended and another one began: takes over what may be, @throws Violation for what may not. */
  recover(): Promise<void>;
  /** After each step. @throws Violation */
  check(): Promise<void>;
}

export type ActorOf = (world: World, outside: Outside) => Actor;
