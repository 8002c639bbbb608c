import fs, { readdirSync, statSync, writeSync } from "node:fs";
import { syncBuiltinESMExports } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { left } from "./crash-tables.ts";

/** What the disk has room for; files of the directory beyond that are refused as a full file system does. */
const ROOM = 1024 * 1024;
const directory = process.argv[2] as string;

const used = () => readdirSync(directory).reduce((sum, name) => sum + statSync(join(directory, name)).size, 0);
const write = promisify(fs.write);
const limited = async (file: number, bytes: Uint8Array, from: number, length: number, at: number) => {
  const room = ROOM - used();
  if (room <= 0) throw Object.assign(new Error("ENOSPC: no space left on device, write"), { code: "ENOSPC" });
  return write(file, bytes, from, Math.min(length, room), at);
};
Object.assign(fs, { write: Object.assign(() => {}, { [promisify.custom]: limited }) });
syncBuiltinESMExports();

const { Store } = await import("../../../src/engine/store.ts");
const { load } = await import("../../../src/engine/journal/load.ts");
const { MarkFile } = await import("../../../src/engine/journal/mark.ts");
const troubles: string[] = [];
const store = await Store.open(directory, (reason) => troubles.push(reason?.message ?? "over"));
const lefts = store.table(left);
const put = (n: number) => store.transaction(() => lefts.put({ id: `${n}-${"x".repeat(1500)}`, n, serial: 0 }));
const told = async (action: () => unknown): Promise<string> => {
  try {
    await action();
    return "nothing";
  } catch (error) {
    return (error as Error).message;
  }
};
let n = 0;
let inDoubt = "nothing";
while (inDoubt === "nothing") {
  n += 1;
  put(n);
  inDoubt = await told(() => store.flushed());
}
const refused = await told(() => put(n + 1));
const read = lefts.by.n.last("all")?.n === n;
const onDisk = rowsOnDisk();
store.reset();
const reset = await told(() => store.flushed());
const afterReset = lefts.size;
put(1);
const again = await told(() => store.flushed());
await store.close();
const second = await Store.open(directory);
const afterResetOnDisk = second.table(left).size;
await second.close();
const safe = n - 1;
if (reset !== "nothing" || again !== "nothing") troubles.push(reset, again);
writeSync(1, `${JSON.stringify({ safe, onDisk, inDoubt, refused, read, troubles, afterReset, afterResetOnDisk })}\n`);

/** What a restart would find. */
function rowsOnDisk(): number | undefined {
  const opened = MarkFile.open(directory);
  opened?.file.close();
  return load(directory, opened?.mark).state.tables.get(left.name)?.size;
}
