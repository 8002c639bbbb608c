/** Which open shard a hash key belongs to. */
import type { Table } from "../../engine/table.ts";
import { type ShardRow, type StreamRow, shardKey } from "./tables.ts";

/** The destination of records for an open shard. */
export interface Route {
  readonly shard: ShardRow;
  /** Key of the shard in tables. */
  readonly key: string;
}

/** The open shards of streams, cached by stream row: a row is replaced whenever its stream's open shards change. */
export class Routes {
  readonly #shards: Table<ShardRow, "open">;
  readonly #ofStream = new WeakMap<StreamRow, readonly Route[]>();
  /** The next shard in turn, for streams that distribute records by themselves. */
  readonly #turns = new WeakMap<StreamRow, number>();

  constructor(shards: Table<ShardRow, "open">) {
    this.#shards = shards;
  }

  /** In the order of their ranges. */
  of(stream: StreamRow): readonly Route[] {
    let routes = this.#ofStream.get(stream);
    if (routes === undefined) {
      const shards = [...this.#shards.by.open.range(stream.arn)];
      routes = shards.map((shard) => ({ shard, key: shardKey(shard.stream, shard.index) }));
      this.#ofStream.set(stream, routes);
    }
    return routes;
  }

  /** The open shard whose range holds the hash; O(log n) of the open shards. */
  forHash(stream: StreamRow, hash: string): Route {
    const routes = this.of(stream);
    let low = 0;
    let high = routes.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (routes[middle]!.shard.end < hash) low = middle + 1;
      else high = middle;
    }
    return routes[low]!;
  }

  /** Open shards in turn. */
  next(stream: StreamRow): Route {
    const routes = this.of(stream);
    const turn = this.#turns.get(stream) ?? 0;
    this.#turns.set(stream, (turn + 1) % routes.length);
    return routes[turn]!;
  }
}
