/** The tables of what schemas lack: what they say of a structure counts wherever the structure stands. */
import { describe, expect, it } from "vitest";
import { kindOf, type Shape } from "../../../protocols/schema.ts";
import { catalog } from "../../../src/services.ts";

function itemOf(shape: Shape): Shape {
  const kind = kindOf(shape);
  return kind === "list" || kind === "map" ? itemOf(shape.getValueSchema()) : shape;
}

describe.each(catalog.all().map(({ model }) => [model.name, model] as const))(
  "the constraints of %s",
  (_name, model) => {
    it("are reached from every operation's input", () => {
      const tables = model.constraints.shapes ?? {};
      const unreached: string[] = [];
      const seen = new Set<string>();
      const visit = (shape: Shape) => {
        const name = shape.getName() ?? "";
        if (kindOf(shape) !== "struct" || seen.has(name)) return;
        seen.add(name);
        for (const [member, memberShape] of shape.structIterator()) {
          const inner = itemOf(memberShape);
          const isConstrained = kindOf(inner) === "struct" && tables[inner.getName() ?? ""] !== undefined;
          if (isConstrained && tables[name]?.[member] === undefined) unreached.push(`${name}.${member}`);
          visit(inner);
        }
      };
      for (const { input } of model.operations.values()) visit(input);
      expect(unreached).toEqual([]);
    });
  },
);
