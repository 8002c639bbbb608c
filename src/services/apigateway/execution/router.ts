/** Finds the resource and method of a path: literal before `{param}` before `{proxy+}`, level by level. */
import { percentDecoded } from "../../../../protocols/form.ts";

/** What is found for a path and a verb. */
export interface Match<Method> {
  readonly method: Method;
  /** Decoded values by path parameter. */
  readonly parameters: Readonly<Record<string, string>>;
}

interface Node<Method> {
  readonly literals: Map<string, Node<Method>>;
  parameter: { readonly name: string; readonly node: Node<Method> } | undefined;
  greedy: { readonly name: string; readonly node: Node<Method> } | undefined;
  /** By verb, `ANY` among them. */
  readonly methods: Map<string, Method>;
}

/** Shared by all paths without parameters, which are most. */
const noParameters: Readonly<Record<string, string>> = Object.freeze({});

export class Router<Method> {
  readonly #root: Node<Method> = newNode();

  /** @param path of the resource, `/pets/{id}` or `/{proxy+}`. */
  add(path: string, verb: string, method: Method): void {
    let node = this.#root;
    for (const part of partsOf(path)) {
      const [, name, plus] = /^\{(.*?)(\+?)\}$/s.exec(part) ?? [];
      if (name === undefined) {
        let next = node.literals.get(part);
        if (next === undefined) node.literals.set(part, (next = newNode()));
        node = next;
      } else if (plus === "+") {
        node.greedy ??= { name, node: newNode() };
        node = node.greedy.node;
      } else {
        node.parameter ??= { name, node: newNode() };
        node = node.parameter.node;
      }
    }
    node.methods.set(verb, method);
  }

  /**
   * A resource without the verb is passed over for the next best with it. Each resource is looked at at most once,
   * usually one per level.
   * @param path as received, percent-encoded, without the stage.
   */
  find(path: string, verb: string): Match<Method> | undefined {
    const segments = partsOf(path);
    // `/pets/` is `/pets`, unless the trailing slash belongs to the value of a greedy parameter.
    const trailing = segments.length > 0 && segments[segments.length - 1] === "";
    const values: (readonly [string, string])[] = [];
    const method =
      this.#in(this.#root, trailing ? segments.slice(0, -1) : segments, 0, verb, values, trailing) ?? undefined;
    if (method === undefined) return undefined;
    return { method, parameters: values.length === 0 ? noParameters : Object.fromEntries(values) };
  }

  #in(
    node: Node<Method>,
    segments: readonly string[],
    at: number,
    verb: string,
    values: (readonly [string, string])[],
    trailing: boolean,
  ): Method | undefined {
    const segment = segments[at];
    if (segment === undefined) return node.methods.get(verb) ?? node.methods.get("ANY");
    const text = percentDecoded(segment);
    const literal = node.literals.get(text);
    if (literal !== undefined) {
      const found = this.#in(literal, segments, at + 1, verb, values, trailing);
      if (found !== undefined) return found;
    }
    if (node.parameter !== undefined && segment !== "") {
      values.push([node.parameter.name, text]);
      const found = this.#in(node.parameter.node, segments, at + 1, verb, values, trailing);
      if (found !== undefined) return found;
      values.pop();
    }
    if (node.greedy !== undefined) {
      const { methods } = node.greedy.node;
      const found = methods.get(verb) ?? methods.get("ANY");
      if (found !== undefined) {
        const rest = segments.slice(at).map(percentDecoded).join("/");
        values.push([node.greedy.name, trailing ? `${rest}/` : rest]);
        return found;
      }
    }
    return undefined;
  }
}

function newNode<Method>(): Node<Method> {
  return { literals: new Map(), parameter: undefined, greedy: undefined, methods: new Map() };
}

function partsOf(path: string): string[] {
  return path === "/" || path === "" ? [] : (path.startsWith("/") ? path.slice(1) : path).split("/");
}
