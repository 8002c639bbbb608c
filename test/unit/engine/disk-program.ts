import { writeSync } from "node:fs";
import { Store } from "../../../src/engine/store.ts";
import { left } from "./crash-tables.ts";

const [what, directory] = process.argv.slice(2) as [string, string];
const tell = (line: string) => writeSync(1, `${line}\n`);
const told = (error: unknown) => tell(error instanceof Error ? `${error.name}: ${error.message}` : String(error));

if (what === "hold") {
  await Store.open(directory);
  tell("open");
  setInterval(() => {}, 1000);
} else if (what === "open") {
  // Root may write anywhere, so become nobody.
  if (process.getuid!() === 0) {
    process.setgid!(65534);
    process.setuid!(65534);
  }
  await Store.open(directory).then(() => tell("open"), told);
} else if (what === "fill") {
  // The shell has limited the size of files: write until the disk refuses.
  const store = await Store.open(directory);
  const lefts = store.table(left);
  const put = (n: number) => store.transaction(() => lefts.put({ id: `${n}-${"x".repeat(1500)}`, n, serial: 0 }));
  let n = 0;
  try {
    for (;;) {
      n += 1;
      put(n);
      await store.flushed();
      tell(`safe ${n}`);
    }
  } catch (error) {
    told(error);
  }
  try {
    put(n + 1);
  } catch (error) {
    told(error);
  }
  tell(`reads ${lefts.by.n.last("all")?.n === n}`);
  await store.close().catch(told);
}
