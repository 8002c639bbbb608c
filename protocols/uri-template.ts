/** URI templates of Smithy's HTTP trait: `/tags/{ResourceArn}`, `/apis/{ApiId}/{proxy+}`, `/x?mode=import`. */

interface Segment {
  readonly literal: string | undefined;
  readonly label: string;
  readonly greedy: boolean;
}

export interface UriTemplate {
  readonly segments: readonly Segment[];
  /** Query parameters that must be there, with their value where the template gives one. */
  readonly query: readonly (readonly [name: string, value: string])[];
}

export function parseTemplate(uri: string): UriTemplate {
  const [path = "", query = ""] = uri.split("?", 2);
  return {
    segments: splitPath(path).map((text) => {
      if (!text.startsWith("{")) return { literal: text, label: "", greedy: false };
      const greedy = text.endsWith("+}");
      return { literal: undefined, label: text.slice(1, greedy ? -2 : -1), greedy };
    }),
    query: query === "" ? [] : query.split("&").map((part) => [part.split("=", 1)[0] ?? "", part.split("=")[1] ?? ""]),
  };
}

/** Segments of an undecoded path; a trailing slash adds none. */
export function splitPath(path: string): string[] {
  const segments = path.split("/");
  segments.shift();
  if (segments.at(-1) === "") segments.pop();
  return segments;
}

/** The labels' undecoded texts, or undefined when the path is another one. */
export function matchTemplate(
  { segments }: UriTemplate,
  path: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const greedyAt = segments.findIndex(({ greedy }) => greedy);
  if (greedyAt === -1 ? path.length !== segments.length : path.length < segments.length) return undefined;
  const labels: Record<string, string> = {};
  const surplus = path.length - segments.length;
  for (let i = 0; i < segments.length; i++) {
    const { literal, label } = segments[i]!;
    const from = greedyAt !== -1 && i > greedyAt ? i + surplus : i;
    const text = i === greedyAt ? path.slice(from, from + surplus + 1).join("/") : (path[from] as string);
    if (literal !== undefined ? text !== literal : text === "") return undefined;
    if (literal === undefined) labels[label] = text;
  }
  return labels;
}

/** Orders templates: literals before labels before greedy labels, position by position; longer ones first. */
export function compareTemplates(a: UriTemplate, b: UriTemplate): number {
  const rank = (segment: Segment | undefined) =>
    segment === undefined ? 3 : segment.literal !== undefined ? 0 : segment.greedy ? 2 : 1;
  const length = Math.max(a.segments.length, b.segments.length);
  for (let i = 0; i < length; i++) {
    const difference = rank(a.segments[i]) - rank(b.segments[i]);
    if (difference !== 0) return difference;
  }
  return b.query.length - a.query.length;
}
