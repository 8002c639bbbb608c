/**
 * Finds the route of a method and a path. Built once for a deployment. A search costs a step for each segment of the
 * path, however many routes there are: full matches first (literals before variables), then greedy ones, then
 * `$default`.
 */
interface Node<Route> {
  readonly literals: Map<string, Node<Route>>;
  variable: Node<Route> | undefined;
  /** Routes that end here, by method; ANY among them. */
  readonly routes: Map<string, Route>;
  /** Routes whose greedy variable begins here. */
  readonly greedy: Map<string, Route>;
}

function newNode<Route>(): Node<Route> {
  return { literals: new Map(), variable: undefined, routes: new Map(), greedy: new Map() };
}

function ofMethod<Route>(routes: ReadonlyMap<string, Route>, method: string): Route | undefined {
  return routes.size === 0 ? undefined : (routes.get(method) ?? routes.get("ANY"));
}

export class Router<Route extends { readonly key: string }> {
  readonly #root = newNode<Route>();
  #default: Route | undefined;

  constructor(routes: Iterable<Route>) {
    for (const route of routes) this.#add(route);
  }

  #add(route: Route): void {
    if (route.key === "$default") {
      this.#default = route;
      return;
    }
    const [method = "", path = ""] = route.key.split(" ");
    let node = this.#root;
    for (const segment of path.slice(1).split("/")) {
      if (segment.endsWith("+}") && segment.startsWith("{")) {
        node.greedy.set(method, route);
        return;
      }
      if (segment.startsWith("{")) {
        node.variable ??= newNode();
        node = node.variable;
        continue;
      }
      let next = node.literals.get(segment);
      if (next === undefined) node.literals.set(segment, (next = newNode()));
      node = next;
    }
    node.routes.set(method, route);
  }

  /** @param segments of the path, decoded; one empty segment for `/`. */
  find(method: string, segments: readonly string[]): Route | undefined {
    return (
      this.#full(this.#root, method, segments, 0) ?? this.#greedy(this.#root, method, segments, 0) ?? this.#default
    );
  }

  /** Each node stands for one position of the path, so none is visited twice. */
  #full(node: Node<Route>, method: string, segments: readonly string[], at: number): Route | undefined {
    if (at === segments.length) return ofMethod(node.routes, method);
    const segment = segments[at] as string;
    const literal = node.literals.get(segment);
    const found = literal && this.#full(literal, method, segments, at + 1);
    if (found !== undefined || node.variable === undefined || segment === "") return found;
    return this.#full(node.variable, method, segments, at + 1);
  }

  /** The greedy route with the longest matching prefix. A greedy variable matches at least one segment. */
  #greedy(node: Node<Route>, method: string, segments: readonly string[], at: number): Route | undefined {
    if (at === segments.length) return undefined;
    const segment = segments[at] as string;
    const literal = node.literals.get(segment);
    const deeper =
      (literal && this.#greedy(literal, method, segments, at + 1)) ??
      (node.variable && segment !== "" ? this.#greedy(node.variable, method, segments, at + 1) : undefined);
    if (deeper !== undefined) return deeper;
    const isEmpty = segment === "" && at === segments.length - 1;
    return isEmpty ? undefined : ofMethod(node.greedy, method);
  }
}

/** A variable of a route's path, and the segment where its value begins. */
export interface PathVariable {
  readonly name: string;
  readonly at: number;
  readonly isGreedy: boolean;
}

/** The variables in the path of a route's key. */
export function variablesIn(path: string): readonly PathVariable[] {
  const variables: PathVariable[] = [];
  for (const [at, segment] of path.slice(1).split("/").entries()) {
    if (!segment.startsWith("{")) continue;
    const isGreedy = segment.endsWith("+}");
    variables.push({ name: segment.slice(1, isGreedy ? -2 : -1), at, isGreedy });
  }
  return variables;
}

/** Their values; undefined if there are no variables. @param segments of the request, decoded. */
export function pathValues(
  variables: readonly PathVariable[],
  segments: readonly string[],
): Record<string, string> | undefined {
  if (variables.length === 0) return undefined;
  const values: Record<string, string> = {};
  for (const { name, at, isGreedy } of variables) {
    values[name] = isGreedy ? segments.slice(at).join("/") : (segments[at] as string);
  }
  return values;
}
