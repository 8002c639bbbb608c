import { type EventValue, ExactNumber } from "../pattern/index.ts";

/** A part of a template: literal text, or a placeholder that knows whether it is inside quotes. */
export type TemplatePart = string | { name: string; quoted: boolean };

/**
 * The result of a template: a payload, or why there is none. `nothing` means that there is nothing to deliver, which is
 * not a failure. `broken` is what the template became instead of JSON.
 */
export type Rendered =
  | { text: string }
  | { problem: "invalid-json"; broken: string }
  | { problem: "too-large" | "nothing" };

/** No payload AWS carries is larger, in UTF-16 units. */
const maxOutputLength = 6 * 1024 * 1024;

/**
 * Splits a template at its placeholders. `placeholder` is a sticky pattern whose first group is the name, tried at
 * every `<`; where it does not match, the text stays text.
 */
export function splitTemplate(template: string, placeholder: RegExp): TemplatePart[] {
  const parts: TemplatePart[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i < template.length; i++) {
    const char = template[i];
    if (char === "\\" && quoted) {
      i++;
    } else if (char === '"') {
      quoted = !quoted;
    } else if (char === "<") {
      placeholder.lastIndex = i;
      const match = placeholder.exec(template);
      if (match === null) continue;
      if (i > start) parts.push(template.slice(start, i));
      parts.push({ name: match[1] as string, quoted });
      i += match[0].length - 1;
      start = i + 1;
    }
  }
  if (start < template.length) parts.push(template.slice(start));
  return parts;
}

/** Fills in the placeholders; undefined if the result is larger than any payload may be. */
export function fillTemplate(
  parts: readonly TemplatePart[],
  textOf: (name: string, quoted: boolean) => string,
): string | undefined {
  const out: string[] = [];
  let length = 0;
  for (const part of parts) {
    const text = typeof part === "string" ? part : textOf(part.name, part.quoted);
    length += text.length;
    if (length > maxOutputLength) return undefined;
    out.push(text);
  }
  return out.join("");
}

/** Compact JSON text of a value; numbers that no double holds are as written. */
export function jsonText(value: EventValue): string {
  if (value instanceof ExactNumber) return value.text;
  if (Array.isArray(value)) return `[${value.map(jsonText).join()}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, item]) => `${JSON.stringify(name)}:${jsonText(item)}`)
    .join()}}`;
}

/** The text of a value for insertion into other text: strings without their quotes, everything else as JSON. */
export function plainText(value: EventValue): string {
  return typeof value === "string" ? value : jsonText(value);
}

/** JSON text without white space outside strings. */
export function minify(json: string): string {
  const out: string[] = [];
  let start = 0;
  for (let i = 0; i < json.length; i++) {
    const char = json[i] as string;
    if (char === '"') {
      for (i++; json[i] !== '"'; i++) if (json[i] === "\\") i++;
    } else if (char === " " || char === "\n" || char === "\r" || char === "\t") {
      out.push(json.slice(start, i));
      start = i + 1;
    }
  }
  out.push(json.slice(start));
  return out.join("");
}
