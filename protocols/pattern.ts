/** The regular expressions of AWS's models: written for Java, which matches the whole text. */

/**
 * Forms that say the same with less doubt. Where a blank may belong to either of two neighbouring repetitions, a
 * backtracking engine tries every division of a run of blanks; where `.*` stands before several landmarks, every
 * choice of each. These have one way to match: a captured look-ahead is never entered again, and it takes the first
 * landmark where anything may follow, the last where only the end does.
 */
const UNAMBIGUOUS: readonly (readonly [string, string])[] = [
  [String.raw`[ \t]*[\x20-\x7E]+([ \t]+[\x20-\x7E]+)*[ \t]*`, String.raw`\t*[\x20-\x7E][\t\x20-\x7E]*`],
  [
    String.raw`[ \t]*[^\x00-\x1F:\x7F]+([ \t]+[^\x00-\x1F:\x7F]+)*[ \t]*`,
    String.raw`\t*[^\x00-\x1F:\x7F][^\x00-\x08\x0A-\x1F:\x7F]*`,
  ],
  [
    String.raw`.*:kinesis:.*:\d{12}:.*stream/\S+`,
    String.raw`(?=(?<service>.*?:kinesis:))\k<service>(?=(?<account>.*?:\d{12}:))\k<account>(?=(?<name>.*stream/\S))\k<name>\S*`,
  ],
  [
    String.raw`.*:kinesis:.*:\d{12}:stream/\S+`,
    String.raw`(?=(?<service>.*?:kinesis:))\k<service>(?=(?<name>.*:\d{12}:stream/\S))\k<name>\S*`,
  ],
  [
    String.raw`.*:kinesis:.*:\d{12}:.*stream\/`,
    String.raw`(?=(?<service>.*?:kinesis:))\k<service>(?=(?<account>.*?:\d{12}:))\k<account>.*stream\/`,
  ],
];

/** Longer texts are not matched at all: their length is what is wrong with them, or nothing is. */
const MAX_MATCHED = 4096;

/** Compiles a Java pattern to a test of the whole text. */
export function compilePattern(pattern: string): (text: string) => boolean {
  let source = pattern.replaceAll("\\p{ASCII}", "[\\x00-\\x7F]");
  for (const [ambiguous, plain] of UNAMBIGUOUS) source = source.replace(ambiguous, () => plain);
  const expression = new RegExp(`^(?:${source})$`, /\\[pP]\{/.test(source) ? "u" : "");
  return (text) => text.length > MAX_MATCHED || expression.test(text);
}
