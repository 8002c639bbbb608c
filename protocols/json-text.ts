/** What untrusted JSON costs to parse, estimated before it is parsed: a few bytes can hold millions of values. */

/** Shorter texts hold too few values to matter, and are most. */
const shortBytes = 256 * 1024;
/** Strings, commas and openings; the largest request of any service has some ten thousand. */
const maxTokens = 250_000;
/** Deeper than any shape of AWS's, and than any document somebody would write. */
const maxLevels = 1_000;

const [quote, backslash, comma] = [0x22, 0x5c, 0x2c];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];

/** Whether the text has more values, or deeper ones, than any request that is meant. What is no JSON is for the parser. */
export function isExcessiveJson(text: Buffer): boolean {
  if (text.length <= shortBytes) return false;
  let tokens = 0;
  let level = 0;
  for (let at = 0; at < text.length; at++) {
    switch (text[at]) {
      case quote:
        at = endOfString(text, at);
        if (at < 0) return false;
        break;
      case openList:
      case openObject:
        level += 1;
        if (level > maxLevels) return true;
        break;
      case closeList:
      case closeObject:
        level -= 1;
        continue;
      case comma:
        break;
      default:
        continue;
    }
    tokens += 1;
    if (tokens > maxTokens) return true;
  }
  return false;
}

/** Where the string that begins at `start` ends, or -1. Long ones, most of a large request, are passed over at one go. */
function endOfString(text: Buffer, start: number): number {
  const end = text.indexOf(quote, start + 1);
  if (end < 0 || text[end - 1] !== backslash) return end;
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === backslash) at += 1;
    else if (text[at] === quote) return at;
  }
  return -1;
}
