/** Data directories that somebody damaged: nothing crashes, no altered row is served, nothing is missing in silence. */
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openDisk } from "../../../src/engine/journal/open.ts";
import { repairDirectory } from "../../../src/engine/journal/repair.ts";
import { definePackedTable } from "../../../src/engine/packed-table.ts";
import { Store, StoreError } from "../../../src/engine/store.ts";
import { defineTable } from "../../../src/engine/table.ts";
import { Chance } from "../../support/chance.ts";

interface Item {
  id: string;
  version: number;
  data: unknown;
}

const items = defineTable<Item>()({
  name: "items",
  key: (row) => row.id,
  account: () => "1",
  indexes: { version: { group: () => "all", order: (row) => row.version } },
});

interface Note {
  serial: number;
  text: string;
}

const notes = definePackedTable<Note>({
  name: "notes",
  serial: (row) => row.serial,
  account: () => "1",
  head: (row) => `${row.serial}`,
  text: (row) => row.text,
  row: (head, text) => ({ serial: Number(head), text }),
});

/** Small, so that a few hundred rows make several journals and snapshots. */
const limits = { journalBytes: 16_384, snapshotAfterBytes: 8_192 };

/** A thousand, in parts. */
const parts = [0, 1, 2, 3, 4, 5, 6, 7];
const damagesOfPart = 125;
const pageBytes = 4096;

let root: string;
let sound: string;
/** What was kept last, and everything ever written. */
const lastItems = new Map<string, string>();
const lastNotes = new Map<number, string>();
const everWritten = new Set<string>();

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "busbar-damage-"));
  sound = join(root, "sound");
  const store = Store.on(await openDisk(sound, limits));
  const [itemTable, noteTable] = [store.table(items), store.packedTable(notes)];
  const chance = new Chance(7);
  for (let round = 0; round < 120; round += 1) {
    store.transaction(() => {
      for (let n = 0; n < 5; n += 1) {
        const item = { id: `item-${chance.int(150)}`, version: round, data: chance.bytes(chance.int(200)) };
        itemTable.put(item);
        lastItems.set(item.id, shown(item));
        everWritten.add(shown(item));
        const note = {
          serial: store.nextSerial(),
          text: `${round} ${chance.bytes(chance.int(400)).toString("latin1")}`,
        };
        noteTable.put(note);
        lastNotes.set(note.serial, note.text);
        everWritten.add(shown(note));
      }
      for (const serial of [...lastNotes.keys()].slice(0, chance.int(6))) {
        noteTable.delete(serial);
        lastNotes.delete(serial);
      }
    });
    await store.flushed();
  }
  await store.close();
});

afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

/** A row as text that can be compared. */
function shown(row: object): string {
  return JSON.stringify(row);
}

const stateFiles = (directory: string) =>
  readdirSync(directory).filter((name) => /^(journal|snapshot)-\d+$|^commit$/.test(name));

/** Damages one file of the directory, or two; says how. */
function damage(directory: string, chance: Chance): string {
  const name = chance.of(stateFiles(directory));
  const path = join(directory, name);
  const bytes = readFileSync(path);
  const at = chance.int(bytes.length);
  const page = at - (at % pageBytes);
  const kind = chance.of(["cut", "bit", "bits", "zeroes", "swap", "garbage", "gone", "old page"]);
  if (kind === "cut") truncateSync(path, at);
  else if (kind === "gone") rmSync(path);
  else if (kind === "garbage") appendFileSync(path, chance.bytes(1 + chance.int(3000)));
  else {
    if (kind === "bit" || kind === "bits") {
      for (let left = kind === "bit" ? 1 : 20; left > 0; left -= 1) {
        const where = chance.int(bytes.length);
        bytes[where] = (bytes[where] as number) ^ (1 << chance.int(8));
      }
    } else if (kind === "zeroes") bytes.fill(0, page, Math.min(page + pageBytes, bytes.length));
    else {
      // A page of this file, or of another, stands where it does not belong.
      const other = kind === "swap" ? bytes : readFileSync(join(directory, chance.of(stateFiles(directory))));
      const from = chance.int(Math.ceil(other.length / pageBytes)) * pageBytes;
      const taken = Buffer.from(other.subarray(from, from + pageBytes));
      if (kind === "swap") other.copy(other, from, page, Math.min(page + taken.length, other.length));
      taken.copy(bytes, page);
    }
    writeFileSync(path, bytes);
  }
  return `${kind} in ${name} at ${at}`;
}

/** Opens the directory and reads all that is there; the error when it is refused, at the start or at a read. */
async function readAll(directory: string): Promise<{ items: string[]; notes: [number, string][] } | StoreError> {
  let store: Store | undefined;
  try {
    store = Store.on(await openDisk(directory, limits));
    const [itemTable, noteTable] = [store.table(items), store.packedTable(notes)];
    const found: [number, string][] = [];
    for (const serial of lastNotes.keys()) {
      const note = noteTable.get(serial);
      if (note !== undefined) found.push([serial, note.text]);
    }
    return { items: [...itemTable.values()].map(shown), notes: found };
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  } finally {
    await store?.close();
  }
}

describe("a damaged data directory", () => {
  it.each(parts)(
    "is refused with a line that helps, or served as it was; repair makes it open again (part %i of 1,000)",
    async (part) => {
      const whole = { items: [...lastItems.values()].sort(), notes: [...lastNotes].sort(([a], [b]) => a - b) };
      let refused = 0;
      let repaired = 0;
      for (let seed = part * damagesOfPart; seed < (part + 1) * damagesOfPart; seed += 1) {
        const directory = join(root, `damaged-${seed}`);
        cpSync(sound, directory, { recursive: true });
        const how = damage(directory, new Chance(seed));
        const found = await readAll(directory);
        if (found instanceof StoreError) {
          refused += 1;
          expect(found.message, how).toMatch(
            /^The data directory \S+ is damaged \(.+\): stop Busbar and run `busbar repair \S+`, which keeps what is whole and lists what is not\.$/,
          );
          if (seed % 5 === 0) {
            repaired += 1;
            const { lost } = await repairDirectory(directory);
            expect(lost.length, how).toBeGreaterThan(0);
            const kept = await readAll(directory);
            if (kept instanceof StoreError) throw new Error(`${how}: ${kept.message}`);
            for (const item of kept.items) expect(everWritten.has(item), how).toBe(true);
            for (const [serial, text] of kept.notes) expect(text, how).toBe(lastNotes.get(serial));
          }
        } else {
          expect({ items: found.items.sort(), notes: found.notes.sort(([a], [b]) => a - b) }, how).toEqual(whole);
        }
        rmSync(directory, { recursive: true });
      }
      // Most damages hit what is needed; a cut that leaves all and bits of what was deleted do not.
      expect(refused).toBeGreaterThan(damagesOfPart / 2);
      expect(repaired).toBeGreaterThan(damagesOfPart / 20);
    },
  );

  it("names the table that is damaged, and repair lists the row", async () => {
    const directory = join(root, "named");
    const store = await Store.open(directory);
    store.table(items);
    const noteTable = store.packedTable(notes);
    store.transaction(() => {
      store.table(items).put({ id: "a", version: 1, data: "somewhere" });
      noteTable.put({ serial: 17, text: "a text of its own" });
      noteTable.put({ serial: 18, text: "another" });
    });
    await store.close();
    const journal = join(directory, "journal-00000001");
    const sane = readFileSync(journal);
    const flip = (what: string) => {
      const bytes = Buffer.from(sane);
      const at = bytes.indexOf(what);
      bytes[at] = (bytes[at] as number) ^ 1;
      writeFileSync(journal, bytes);
    };

    flip("somewhere");
    await expect(Store.open(directory)).rejects.toThrow(
      `The data directory ${directory} is damaged (table items, journal-00000001 at byte 16): stop Busbar and run \`busbar repair ${directory}\``,
    );

    flip("a text of");
    const opened = await Store.open(directory);
    expect(opened.packedTable(notes).get(18)).toEqual({ serial: 18, text: "another" });
    expect(() => opened.packedTable(notes).get(17)).toThrow(/is damaged \(table notes, journal-00000001 at byte \d+\)/);
    await opened.close();
    const repair = await repairDirectory(directory);
    expect(repair.kept).toEqual({ items: 1, notes: 1 });
    expect(repair.lost).toEqual([
      expect.stringMatching(/^table notes, journal-00000001 at byte \d+: the row 17 is lost$/),
    ]);
    expect(existsSync(join(directory, "damaged", "journal-00000001"))).toBe(true);
    const again = await Store.open(directory);
    expect(again.packedTable(notes).get(17)).toBeUndefined();
    expect(again.packedTable(notes).get(18)).toEqual({ serial: 18, text: "another" });
    expect(again.table(items).size).toBe(1);
    await again.close();
    expect((await repairDirectory(directory)).lost).toEqual([]);
  });
});

describe("a data directory that is taken away", () => {
  async function running(name: string) {
    const directory = join(root, name);
    const troubles: (string | undefined)[] = [];
    const store = await Store.open(directory, (reason) => troubles.push(reason?.message));
    const put = async (id: string) => {
      store.transaction(() => store.table(items).put({ id, version: 1, data: "" }));
      await store.flushed();
    };
    await put("kept");
    return { directory, troubles, store, put };
  }

  it.each([
    ["deleted", (directory: string) => rmSync(directory, { recursive: true }), "deleted or moved away"],
    [
      "replaced",
      (directory: string) => {
        renameSync(directory, `${directory}-moved`);
        cpSync(`${directory}-moved`, directory, { recursive: true });
      },
      "replaced",
    ],
    [
      "emptied",
      (directory: string) => {
        for (const file of readdirSync(directory)) rmSync(join(directory, file));
      },
      "deleted or moved away",
    ],
  ])("is noticed at the next write when it was %s, and nothing is answered for", async (name, take, how) => {
    const { directory, troubles, store, put } = await running(name);
    take(directory);
    const line = `The data directory ${directory} was ${how} while Busbar runs: nothing is kept any more, so no change is answered for. Put it back, or stop Busbar and start it again.`;
    await expect(put("lost")).rejects.toThrow(line);
    await expect(put("lost too")).rejects.toThrow(`${line} Nothing was changed.`);
    expect(store.table(items).has("kept")).toBe(true);
    expect(troubles).toEqual([line]);
    await expect(store.close()).rejects.toThrow(line);
  });

  it("goes on once it is put back", async () => {
    const { directory, troubles, store, put } = await running("put-back");
    renameSync(directory, `${directory}-away`);
    mkdirSync(directory);
    await expect(put("a")).rejects.toThrow("was deleted or moved away while Busbar runs");
    rmSync(directory, { recursive: true });
    renameSync(`${directory}-away`, directory);
    for (let left = 100; left > 0 && troubles.length < 2; left -= 1) await new Promise((done) => setTimeout(done, 50));
    await put("b");
    await store.close();
    const again = await Store.open(directory);
    expect([...again.table(items).values()].map((row) => row.id).sort()).toEqual(["a", "b", "kept"]);
    await again.close();
  });
});
