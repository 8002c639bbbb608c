/** Values of a shape that no client should send, mixed with some that others may have got from the server. */
import { kindOf, type Shape } from "../../protocols/schema.ts";
import type { Chance } from "./chance.ts";

/** Written into requests as they are, where JavaScript or the SDK would write another number: `rawNumbers` puts them there. */
const raw = ["1e999", "-1e999", "-0", "9007199254740993", "1e-400", "0.1e1", "123456789012345678901234567890"];
const placeholder = 4_200_000_000_000;

/** The bytes of a request with its placeholders as the numbers they stand for. */
export function rawNumbers(body: string): string {
  return body.replace(/42000000000\d{2}/g, (found) => raw[Number(found) - placeholder] ?? found);
}

const names = [
  ...["__proto__", "constructor", "toString", "hasOwnProperty", "prototype", "then", "length", "valueOf", "toJSON"],
  ...["", ".", "..", "/", "*", "?", "#", "%", "%00", "\u0000", "\ud800", "a\udc00b", "\u2028", "😀", "a\r\nb: c", " "],
];

const arns = [
  "arn:aws:sqs:us-east-1:000000000000:fuzz",
  "arn:aws-cn:sqs:cn-north-1:123456789012:fuzz",
  "arn:aws-us-gov:lambda:us-gov-west-1:999999999999:function:f:$LATEST",
  "arn:aws:states:us-east-1:000000000000:stateMachine:__proto__",
  "arn:aws:iam::000000000000:role/r",
  "arn:aws:kinesis:us-east-1:000000000000:stream/toString",
  "arn:aws:sns:eu-west-1:000000000000:constructor",
  "arn:aws:events:us-east-1:000000000000:event-bus/__proto__",
  "arn:::::",
  "arn:aws:sqs",
];

const texts = [
  ...["{}", "[]", "null", '{"__proto__":{"a":1}}', '{"toString":null}', "[".repeat(5000), '{"a":'.repeat(3000)],
  ...['{"StartAt":"__proto__","States":{"__proto__":{"Type":"Pass","End":true}}}', "$util.parseJson('{')", "(a+)+$"],
  ...[
    "2026-11-28T00:00:00Z",
    "rate(1 minute)",
    "cron(* * * * ? *)",
    "https://127.0.0.1:1/__proto__",
    "{% $x %}",
    "1e999",
  ],
  ...["-0", "9007199254740993", "-1", "NaN", "Infinity", "true", "x".repeat(300), "é".repeat(2000), "x".repeat(70_000)],
  ...["a: &a [x,x]\nb: &b [*a,*a,*a]\nc: [*b,*b,*b]", "openapi: 3.0.1\npaths:\n  __proto__: {}\n"],
];

export class HostileValues {
  readonly #chance: Chance;
  /** Texts out of answers, by the name of their member: what leads further in. */
  readonly #known = new Map<string, string[]>();

  constructor(chance: Chance) {
    this.#chance = chance;
  }

  /** Remembers what an answer says. */
  learn(value: unknown, name = ""): void {
    if (typeof value === "string" && value.length < 500) {
      const known = this.#known.get(name.toLowerCase()) ?? [];
      if (known.length < 30) known.push(value);
      this.#known.set(name.toLowerCase(), known);
    } else if (Array.isArray(value)) for (const item of value.slice(0, 20)) this.learn(item, name);
    else if (typeof value === "object" && value !== null) {
      for (const [member, item] of Object.entries(value)) this.learn(item, member);
    }
  }

  of(shape: Shape, name = "", depth = 0): unknown {
    const chance = this.#chance;
    switch (kindOf(shape)) {
      case "unit":
        return {};
      case "struct": {
        const members = [...shape.structIterator()];
        const chosen = shape.isUnionSchema() ? [chance.of(members)] : members;
        const made: Record<string, unknown> = {};
        for (const [member, inner] of chosen) {
          const { httpLabel } = inner.getMergedTraits() as { httpLabel?: 1 };
          if (httpLabel !== 1 && (depth > 4 || chance.chance(0.4))) continue;
          made[member] = this.of(inner, member, depth + 1);
        }
        return made;
      }
      case "list":
        return Array.from({ length: chance.int(4) }, () => this.of(shape.getValueSchema(), name, depth + 1));
      case "map": {
        const made: Record<string, unknown> = {};
        for (let left = chance.int(4); left > 0; left -= 1) {
          const value = this.of(shape.getValueSchema(), name, depth + 1);
          Object.defineProperty(made, this.#key(), { value, enumerable: true, configurable: true, writable: true });
        }
        return made;
      }
      case "blob":
        return Buffer.from(chance.of([...texts, "", "PK\u0003\u0004", "\u001f\u008b\u0008"]));
      case "timestamp":
        return new Date(chance.of([0, -1, 8.64e15, -8.64e15, 1e12, 4e12, 253_402_300_800_000]));
      case "boolean":
        return chance.chance(0.5);
      case "number":
        return chance.chance(0.4)
          ? placeholder + chance.int(raw.length)
          : chance.of([0, 1, -1, 2, 10, 100, 300, 0.5, 2 ** 31, 2 ** 53, 1e21, Number.MAX_VALUE]);
      default:
        return this.#text(shape, name);
    }
  }

  #key(): string {
    return this.#chance.chance(0.7)
      ? this.#chance.of(names)
      : this.#chance.of(["a", "method.request.path.x", "x".repeat(300)]);
  }

  #text(shape: Shape, name: string): string {
    const chance = this.#chance;
    const known =
      this.#known.get(name.toLowerCase()) ??
      this.#known.get(name.toLowerCase().replace(/^.*(?=(id|arn|name|url)$)/, ""));
    if (known !== undefined && chance.chance(0.6)) return chance.of(known);
    const { httpLabel } = shape.getMergedTraits() as { httpLabel?: 1 };
    const all = [
      names,
      arns,
      texts,
      ["fuzz", "a", "GET", "ANY", "AWS_PROXY", "HTTP", "MOCK", "nodejs22.x", "sqs", "Active"],
    ];
    const text = chance.of(chance.of(all));
    // The SDK itself refuses an empty one, and sockets a path without end.
    return httpLabel === 1 ? text.slice(0, 2000) || "fuzz" : text;
  }
}
