import type { Damage } from "./frame-file.ts";

/** Describes where damage is. */
export function placeOfDamage({ file, at, table }: Damage): string {
  const where = at === 0 ? `${file} is damaged or missing` : `${file} at byte ${at}`;
  return table === undefined ? where : `table ${table}, ${where}`;
}

/** One line that says what to do about damage. */
export function damagedLine(directory: string, damage: Damage, others = 0): string {
  const more = others === 0 ? "" : ` and ${others} more`;
  return `The data directory ${directory} is damaged (${placeOfDamage(damage)}${more}): stop Busbar and run \`busbar repair ${directory}\`, which keeps what is whole and lists what is not.`;
}
