/** Finds out whether a text is JSON without building its values, which would cost a large text many times its size. */

const [quote, backslash, comma, colon, minus, plus, point] = [0x22, 0x5c, 0x2c, 0x3a, 0x2d, 0x2b, 0x2e];
const [openList, closeList, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d];
const [smallE, largeE, smallU] = [0x65, 0x45, 0x75];
const words = ["true", "false", "null"];

/** Names and values between two stops of a scan, and characters of a string: a millisecond's work or less. */
const [valuesAtOnce, charsAtOnce] = [16_384, 262_144];

/** Index after the JSON value at `from` and the blanks before it; -1 if there is none (RFC 8259). */
export function endOfJson(text: string, from: number): number {
  return endOf(scanJson(text, from));
}

/** The result of a scan that does not stop. */
export function endOf<Result>(scan: Generator<undefined, Result>): Result {
  for (;;) {
    const { done, value } = scan.next();
    if (done) return value;
  }
}

/**
 * Index after the JSON values that a text begins with, however many follow each other. Stops now and then, as `scanJson`.
 */
export function* scanValues(text: string): Generator<undefined, number> {
  let at = 0;
  for (let values = 1; ; values += 1) {
    if (values % valuesAtOnce === 0) yield;
    const end = yield* scanJson(text, at);
    if (end < 0) return at;
    at = end;
  }
}

/** As `endOfJson`, for long texts: stops now and then, so that others get a turn. */
export function* scanJson(text: string, from: number): Generator<undefined, number> {
  /** What is open around the current value: the characters that close it. */
  const closing: number[] = [];
  let at = from;
  let isName = false;
  for (let values = 1; ; values += 1) {
    if (values % valuesAtOnce === 0) yield;
    at = afterBlanks(text, at);
    const first = text.charCodeAt(at);
    if (first === quote) {
      at = afterString(text, at + 1);
      while (at < -1) {
        yield;
        at = afterString(text, ~at);
      }
      if (isName) at = afterColon(text, at);
    } else if (isName) return -1;
    else if (first === openObject || first === openList) {
      const close = first === openObject ? closeObject : closeList;
      at = afterBlanks(text, at + 1);
      if (text.charCodeAt(at) !== close) {
        closing.push(close);
        isName = close === closeObject;
        continue;
      }
      at += 1;
    } else at = afterNumberOrWord(text, at);
    if (isName && at >= 0) {
      isName = false;
      continue;
    }
    if (at >= 0) at = afterEnds(text, at, closing);
    if (at < 0 || closing.length === 0) return at;
    isName = closing.at(-1) === closeObject;
  }
}

/** Past the ends of lists and objects and the comma after them; the end of all when nothing is left open. */
function afterEnds(text: string, from: number, closing: number[]): number {
  let at = from;
  for (;;) {
    const close = closing.at(-1);
    if (close === undefined) return at;
    at = afterBlanks(text, at);
    const next = text.charCodeAt(at);
    at += 1;
    if (next === close) closing.pop();
    else return next === comma ? at : -1;
  }
}

/** Whether nothing but blanks follows. */
export function isBlankFrom(text: string, from: number): boolean {
  return afterBlanks(text, from) === text.length;
}

function afterBlanks(text: string, from: number): number {
  let at = from;
  for (;;) {
    const code = text.charCodeAt(at);
    if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return at;
    at += 1;
  }
}

function afterColon(text: string, from: number): number {
  if (from < 0) return -1;
  const at = afterBlanks(text, from);
  return text.charCodeAt(at) === colon ? at + 1 : -1;
}

/** After the quote that ends a string; the complement of a place to go on from when that is far away. */
function afterString(text: string, from: number): number {
  const end = Math.min(text.length, from + charsAtOnce);
  let at = from;
  for (; at < end; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code < 0x20) return -1;
    if (code === backslash) {
      at += 1;
      if (text.charCodeAt(at) === smallU) {
        if (!/^[\da-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) return -1;
        at += 4;
      } else if (!'"\\/bfnrt'.includes(text[at] ?? "none")) return -1;
    }
  }
  return at < text.length ? ~at : -1;
}

function afterNumberOrWord(text: string, from: number): number {
  let at = from;
  if (text.charCodeAt(at) === minus) at += 1;
  else if (!isDigit(text.charCodeAt(at))) {
    const word = words.find((each) => text.startsWith(each, at));
    return word === undefined ? -1 : at + word.length;
  }
  const whole = afterDigits(text, at);
  if (whole < 0 || (whole > at + 1 && text.charCodeAt(at) === 0x30)) return -1;
  at = whole;
  if (text.charCodeAt(at) === point) {
    at = afterDigits(text, at + 1);
    if (at < 0) return -1;
  }
  const mark = text.charCodeAt(at);
  if (mark !== smallE && mark !== largeE) return at;
  const sign = text.charCodeAt(at + 1);
  return afterDigits(text, sign === plus || sign === minus ? at + 2 : at + 1);
}

/** After at least one digit. */
function afterDigits(text: string, from: number): number {
  let at = from;
  while (isDigit(text.charCodeAt(at))) at += 1;
  return at === from ? -1 : at;
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39;
}
