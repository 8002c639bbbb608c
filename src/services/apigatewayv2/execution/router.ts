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

/** The variables of a route's path. @param path of the route's key; @param segments of the request, decoded. */
export function pathVariables(path: string, segments: readonly string[]): Record<string, string> | undefined {
  if (!path.includes("{")) return undefined;
  const variables: Record<string, string> = {};
  for (const [index, segment] of path.slice(1).split("/").entries()) {
    if (!segment.startsWith("{")) continue;
    const greedy = segment.endsWith("+}");
    const name = segment.slice(1, greedy ? -2 : -1);
    variables[name] = greedy ? segments.slice(index).join("/") : (segments[index] as string);
  }
  return variables;
}
