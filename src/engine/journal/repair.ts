import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { KeptTable } from "../disk.ts";
import { lockDirectory } from "../lock.ts";
import { StoreError } from "../store-error.ts";
import { FILE_HEADER_BYTES, fileName, numbersOf, syncDirectory } from "./files.ts";
import type { Damage } from "./frame-file.ts";
import { JournalFile } from "./journal-file.ts";
import { type Loaded, load } from "./load.ts";
import { MarkFile } from "./mark.ts";
import { placeOfDamage } from "./messages.ts";
import { writeSnapshot } from "./snapshot.ts";
import { byteOf, fileOf } from "./state.ts";
import { TextFiles } from "./text-files.ts";

export interface Repair {
  /** Intact rows, by table. */
  readonly kept: Readonly<Record<string, number>>;
  /** What was lost, one line each. */
  readonly lost: readonly string[];
  /** Where the damaged files were copied to; undefined when none was damaged. */
  readonly copies: string | undefined;
}

/** Where damaged files are copied to. */
const COPIES = "damaged";

/**
 * Makes a damaged data directory usable: keeps what is intact and drops the rest.
 * @throws StoreError with one line of advice: in use, not a data directory, no room.
 */
export async function repairDirectory(name: string): Promise<Repair> {
  if (!existsSync(name)) throw new StoreError(`There is no data directory ${name}.`);
  const lock = lockDirectory(name);
  try {
    return await repair(name, lock.directory);
  } catch (error) {
    if (error instanceof StoreError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new StoreError(`The data directory ${name} cannot be repaired: ${reason}.`);
  } finally {
    lock.release();
  }
}

async function repair(name: string, directory: string): Promise<Repair> {
  const opened = MarkFile.open(directory);
  opened?.file.close();
  const journals = numbersOf("journal", directory);
  if (opened === undefined && journals.length === 0 && numbersOf("snapshot", directory).length === 0) {
    throw new StoreError(`${name} holds no state of Busbar.`);
  }
  const loaded = load(directory, opened?.mark);
  const texts = dropDamagedTexts(directory, loaded);
  const damages = [...loaded.damages, ...texts];
  if (damages.length === 0) return { kept: rowsOf(loaded), lost: [], copies: undefined };
  const copies = copyDamaged(directory, damages);
  await writeAnew(directory, loaded);
  const lost = [
    ...loaded.damages.map(
      (damage) => `${placeOfDamage(damage)}: rows written there are lost, or are as they were before`,
    ),
    ...texts.map((damage) => `${placeOfDamage(damage)}: the row ${damage.serial} is lost`),
  ];
  return { kept: rowsOf(loaded), lost, copies: join(name, copies) };
}

interface DamagedText extends Damage {
  readonly serial: number;
}

/** Reads every text of a packed row, and drops the rows whose text is damaged. */
function dropDamagedTexts(directory: string, { state }: Loaded): DamagedText[] {
  const files = new TextFiles(directory);
  const damaged: DamagedText[] = [];
  for (const [table, places] of state.places) {
    for (const [serial, place] of places.entries()) {
      if (files.read(place, serial) !== undefined) continue;
      damaged.push({ serial, table, file: fileName("journal", fileOf(place)), at: byteOf(place) });
      places.delete(serial);
      state.textsOf(fileOf(place)).live -= 1;
    }
  }
  files.close();
  return damaged;
}

/** Writes a snapshot of what is intact, and begins a journal after it. */
async function writeAnew(directory: string, { state, file }: Loaded): Promise<void> {
  const number = file + 1;
  const tables: KeptTable[] = [...state.tables, ...state.places].map(([name, rows]) => ({ name, rows }));
  const source = { tables: () => tables, flushed: () => undefined, moveTexts: async () => {} };
  const journals = [...state.texts].map(([journal, counts]) => ({ number: journal, length: 0, ...counts }));
  const contents = { source, serialLimit: () => state.serialLimit, journals: () => journals };
  JournalFile.create(directory, number).close();
  await writeSnapshot(directory, number, contents, () => false);
  const { file: mark } = MarkFile.open(directory) ?? { file: undefined };
  const now = { file: number, at: FILE_HEADER_BYTES, snapshot: number };
  if (mark === undefined) MarkFile.create(directory, now).close();
  else {
    mark.write(now);
    mark.write(now);
    mark.close();
  }
  syncDirectory(directory);
}

function copyDamaged(directory: string, damages: readonly Damage[]): string {
  mkdirSync(join(directory, COPIES), { recursive: true, mode: 0o700 });
  for (const name of new Set(damages.map(({ file }) => file))) {
    const from = join(directory, name);
    if (existsSync(from)) copyFileSync(from, join(directory, COPIES, name));
  }
  return COPIES;
}

function rowsOf({ state }: Loaded): Record<string, number> {
  const rows: Record<string, number> = {};
  for (const [table, { size }] of [...state.tables, ...state.places]) if (size > 0) rows[table] = size;
  return rows;
}
