import { writeSync } from "node:fs";
import { Store } from "../../../src/engine/store.ts";
import { left, right, WINDOW } from "./crash-tables.ts";

// Commits transactions for ever, several at a time, and tells each once it is safe. To be killed.
const store = await Store.open(process.argv[2]!);
const lefts = store.table(left);
const rights = store.table(right);
let n = lefts.by.n.last("all")?.n ?? 0;

async function write(): Promise<void> {
  for (;;) {
    const mine = (n += 1);
    const serial = store.nextSerial();
    store.transaction(() => {
      lefts.put({ id: `left-${mine}`, n: mine, serial });
      rights.put({ id: `right-${mine}`, n: mine, filler: "x".repeat((mine * 97) % 5000) });
      lefts.delete(`left-${mine - WINDOW}`);
      rights.delete(`right-${mine - WINDOW}`);
    });
    await store.flushed();
    writeSync(1, `${mine} ${serial}\n`);
    if (mine % 7 === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

await Promise.all(Array.from({ length: 8 }, write));
