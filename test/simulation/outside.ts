/** Functions and endpoints of others, which nobody can rely on. */
import { type Behaviour, Network, type Request } from "./network.ts";
import type { World } from "./world.ts";

/** More than these are not kept waiting for an answer. */
const maxHeld = 12;

export class Outside {
  readonly #world: World;
  readonly #network: Network;
  readonly #tell = new Map<string, (request: Request) => void>();
  #held: (() => void)[] = [];
  #calls = 0;
  /** While false everybody answers at once. */
  rough = false;

  constructor(world: World) {
    this.#world = world;
    this.#network = new Network(
      ({ host }) => {
        const behaviour = host.startsWith("rough") ? this.#behaviour() : "answer";
        world.note(`  ${host} is called: ${behaviour}`);
        return behaviour;
      },
      (request) => this.#tell.get(request.host)?.(request),
    );
    world.withEach(
      () => {},
      () => {
        this.#network.hangUp();
        this.#held = [];
      },
    );
  }

  /** See `Network.install`. */
  install(): () => void {
    return this.#network.install();
  }

  /** Tells of each request to this host that gets a good answer. A host whose name begins with `rough` often gives none. */
  endpoint(host: string, answered: (request: Request) => void): void {
    this.#tell.set(host, answered);
  }

  /** A function of this name in every process; `invoked` is told of each attempt and gives what a good one answers. */
  function(name: string, invoked: (event: unknown, attempt: string) => unknown): void {
    this.#world.withEach(
      (emulator) => emulator.functions.register(name, (event) => this.#invoke(name, event, invoked)),
      () => {},
    );
  }

  /** The one that waits longest for an answer gets it. Says whether there was one. */
  release(): boolean {
    const first = this.#held.shift();
    first?.();
    return first !== undefined || this.#network.release();
  }

  /** Whether anybody waits for an answer that may never come. */
  get isWaitedFor(): boolean {
    return this.#held.length > 0 || this.#network.waiting > 0;
  }

  async #invoke(name: string, event: unknown, invoked: (event: unknown, attempt: string) => unknown): Promise<unknown> {
    this.#calls += 1;
    const answer = invoked(event, String(this.#calls));
    const behaviour = this.#behaviour();
    this.#world.note(`  ${name} is invoked: ${behaviour}`);
    if (behaviour === "hang" || behaviour === "late") await new Promise<void>((resolve) => this.#held.push(resolve));
    else if (behaviour !== "answer") throw new Error(behaviour);
    return answer;
  }

  #behaviour(): Behaviour {
    const { chance } = this.#world;
    if (!this.rough || chance.chance(0.5)) return "answer";
    const isFull = this.#held.length + this.#network.waiting >= maxHeld;
    return chance.of<Behaviour>([
      "fail",
      "fail",
      "refuse",
      "reset",
      "cut",
      ...(isFull ? [] : (["late", "hang"] as const)),
    ]);
  }
}
