import fc from "fast-check";

/** The same JSON twice: as a caller may write it, and without the white space. */
export type JsonText = { spaced: string; compact: string };

const digits = (max: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: max }).map((all) => all.join(""));

/** Numbers as JSON allows them, most of them not as JavaScript would write them. */
export const numberText: fc.Arbitrary<string> = fc
  .tuple(
    fc.constantFrom("", "-"),
    fc.oneof(
      fc.constantFrom("0", "1", "10", "9007199254740993"),
      digits(25).map((all) => all.replace(/^0+(?=\d)/, "")),
    ),
    fc.option(fc.oneof(fc.constantFrom("0", "50", "00000001"), digits(20)), { nil: undefined }),
    fc.option(fc.constantFrom("e2", "E2", "e+2", "E-07", "e400", "e-400", "e99999999999999999999"), { nil: undefined }),
  )
  .map(
    ([sign, whole, fraction, exponent]) =>
      `${sign}${whole}${fraction === undefined ? "" : `.${fraction}`}${exponent ?? ""}`,
  );

const space = fc.constantFrom("", "", " ", "\n\t ", "\r");
const text = fc
  .oneof(fc.string({ unit: "grapheme" }), fc.constantFrom('":1.0,', "[1E2]", "\\", '\\"', "a,1.50}", " "))
  .map((value) => JSON.stringify(value));
/** Integer-like names are not kept in their place by any JavaScript object. */
const name = fc
  .oneof(fc.constantFrom("a", "b", "__proto__", "constructor", "toJSON"), fc.string())
  .filter((one) => !/^\d+$/.test(one));

/** JSON texts full of unusual numbers; `unique` leaves out members named twice. */
export function jsonTexts(unique: boolean): fc.Arbitrary<JsonText> {
  return fc.letrec<{ value: JsonText }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc
        .oneof(numberText, fc.constantFrom("null", "true", "false"), text)
        .map((one) => ({ spaced: one, compact: one })),
      fc.tuple(fc.array(tie("value"), { maxLength: 4 }), space).map(([items, gap]) => ({
        spaced: `[${gap}${items.map((item) => item.spaced).join(`${gap},${gap}`)}${gap}]`,
        compact: `[${items.map((item) => item.compact).join(",")}]`,
      })),
      fc
        .tuple(
          unique
            ? fc.uniqueArray(fc.tuple(name, tie("value")), { maxLength: 4, selector: ([key]) => key })
            : fc.array(fc.tuple(fc.oneof(name, fc.constantFrom("1", "0")), tie("value")), { maxLength: 5 }),
          space,
        )
        .map(([members, gap]) => ({
          spaced: `{${gap}${members.map(([key, item]) => `${JSON.stringify(key)}${gap}:${gap}${item.spaced}`).join(`${gap},${gap}`)}${gap}}`,
          compact: `{${members.map(([key, item]) => `${JSON.stringify(key)}:${item.compact}`).join(",")}}`,
        })),
    ),
  })).value;
}
