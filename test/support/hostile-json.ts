/** JSON that is right as JSON and hostile as data: members that code calls on every object, and values of other types. */
import type { Chance } from "./chance.ts";

/** Names that objects inherit, or that promises, iterables and texts are told by. */
const names = [
  "toString",
  "valueOf",
  "constructor",
  "__proto__",
  "prototype",
  "then",
  "length",
  "toJSON",
  "hasOwnProperty",
];

/** JSON text of one hostile value. */
export function hostileJson(chance: Chance): string {
  const name = JSON.stringify(chance.of(names));
  const member = chance.of(["null", "1", '"x"', "{}", "[]", '{"toString":null}']);
  switch (chance.int(8)) {
    case 0:
      return chance.of(["null", "true", "0", "-1", "1e400", "1e-400", "12345678901234567890", '""', "[]", "{}"]);
    case 1:
      return `[${hostileJson(chance)}]`;
    case 2:
      return `{${JSON.stringify(chance.of(names))}:${hostileJson(chance)},"a":${hostileJson(chance)}}`;
    case 3:
      return name;
    default:
      return chance.chance(0.5) ? '{"toString":null,"valueOf":null}' : `{${name}:${member}}`;
  }
}

/** The JSON text of a good value with one or two of its parts replaced by hostile ones, or with hostile members besides. */
export function spoiled(chance: Chance, good: unknown): string {
  const changes = 1 + chance.int(2);
  const targets = new Set(Array.from({ length: changes }, () => chance.int(countOf(good))));
  let at = -1;
  const write = (value: unknown): string => {
    at += 1;
    if (targets.has(at)) {
      const isObject = typeof value === "object" && value !== null && !Array.isArray(value);
      if (!isObject || chance.chance(0.5)) {
        at += countOf(value) - 1;
        return hostileJson(chance);
      }
      const more = `${JSON.stringify(chance.of(names))}:${hostileJson(chance)}`;
      return `{${[...membersOf(value, write), more].join(",")}}`;
    }
    if (Array.isArray(value)) return `[${value.map(write).join(",")}]`;
    if (typeof value === "object" && value !== null) return `{${membersOf(value, write).join(",")}}`;
    return JSON.stringify(value);
  };
  return write(good);
}

function membersOf(value: object, write: (value: unknown) => string): string[] {
  return Object.entries(value).map(([name, member]) => `${JSON.stringify(name)}:${write(member)}`);
}

/** How many values a value holds, itself among them. */
function countOf(value: unknown): number {
  if (typeof value !== "object" || value === null) return 1;
  return Object.values(value).reduce<number>((sum, member) => sum + countOf(member), 1);
}
