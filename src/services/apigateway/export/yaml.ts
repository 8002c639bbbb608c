/** JSON values as YAML in the style of AWS's exports: texts in double quotes, names without them if that is safe. */

const plainName = /^[A-Za-z_/][A-Za-z0-9_/{}.+$-]*$/;
const reserved = /^(?:true|false|yes|no|on|off|y|n|null|~)$/i;

export function yamlOf(value: unknown): string {
  const lines: string[] = ["---"];
  write(value, "", "", lines);
  return `${lines.join("\n")}\n`;
}

/** @param head what is already on the line: a name with its colon, or the dash of an item. */
function write(value: unknown, head: string, indent: string, lines: string[]): void {
  const space = head === "" || head.endsWith("- ") ? "" : " ";
  if (typeof value !== "object" || value === null) {
    lines.push(`${head}${space}${JSON.stringify(value)}`);
    return;
  }
  const items: readonly (readonly [string, unknown])[] = Array.isArray(value)
    ? (value as unknown[]).map((item) => ["- ", item] as const)
    : Object.entries(value).map(([name, item]) => [`${nameOf(name)}:`, item] as const);
  if (items.length === 0) {
    lines.push(`${head}${space}${Array.isArray(value) ? "[]" : "{}"}`);
    return;
  }
  // The first member of an item goes on the line of its dash.
  const inline = head.endsWith("- ") && !Array.isArray(value);
  if (head !== "" && !inline) lines.push(head.trimEnd());
  for (const [at, [name, item]] of items.entries()) {
    const start = inline && at === 0 ? head : indent;
    write(item, start + name, `${indent}${name === "- " ? "  " : Array.isArray(item) ? "" : "  "}`, lines);
  }
}

function nameOf(name: string): string {
  return plainName.test(name) && !reserved.test(name) ? name : JSON.stringify(name);
}
