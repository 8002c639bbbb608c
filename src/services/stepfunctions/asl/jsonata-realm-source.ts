/**
 * The script that runs beside the JSONata library inside its own realm. Only texts cross the border: a request in, a
 * response out, digests and base64. Plain JavaScript, because it is compiled there and not here.
 *
 * It replaces what would let time and chance in (the clock, the random source), adds the functions Step Functions adds, takes
 * `$eval` away, and bounds what one evaluation may build.
 */
export const realmSource = `
(() => {
  const compile = globalThis.jsonata;
  const { digestOf, toBase64, fromBase64 } = globalThis.host;
  delete globalThis.host;
  const cache = new Map();
  const cacheLimit = 500;
  const longestCached = 4096;
  const longestSequence = 200000;
  const deepestStack = 1000;
  const deepestTree = 200;
  const longestText = 1000000;
  const largestTotal = 20000000;
  const largestResult = 262144;
  let now = 0;
  let seed = 0;
  let built = 0;

  const RealDate = Date;
  globalThis.Date = class Date extends RealDate {
    constructor(...parts) {
      if (parts.length === 0) super(now);
      else super(...parts);
    }
    static ["now"]() { return now; }
  };
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
  };
  Math["random"] = random;

  const stackError = () => ({ message: "The expression exceeded the stack limit" });
  const memoryError = () => ({ message: "The expression exceeded the memory limit" });
  const charge = (amount) => {
    built += amount;
    if (built > largestTotal) throw memoryError();
  };
  const measured = (value) => {
    if (typeof value === "string") {
      if (value.length > longestText) throw memoryError();
      charge(value.length >> 4);
    } else if (Array.isArray(value)) {
      if (value.length > longestSequence) throw memoryError();
    }
    return value;
  };
  const afterNode = (node, input, environment, result) => {
    if (typeof result === "string") measured(result);
    else if (Array.isArray(result)) {
      measured(result);
      if (node.type === "unary" || node.type === "binary" || node.type === "function") charge(result.length);
    }
  };

  const javaNext = (state) => (state * 0x5deece66dn + 0xbn) & 0xffffffffffffn;
  const seeded = (value) => {
    let state = (BigInt.asIntN(64, BigInt(Math.trunc(value))) ^ 0x5deece66dn) & 0xffffffffffffn;
    state = javaNext(state);
    const high = Number(state >> 22n);
    state = javaNext(state);
    return (high * 134217728 + Number(state >> 21n)) / 9007199254740992;
  };
  const hex = (count) => {
    let text = "";
    while (text.length < count) text += Math.floor(random() * 16).toString(16);
    return text;
  };
  const failure = (message) => ({ message });

  const added = {
    partition: [(items, size) => {
      if (items === undefined || size === undefined) return undefined;
      const step = Math.floor(size);
      if (!(step > 0)) throw failure("The size of $partition must be a positive number");
      const chunks = [];
      for (let at = 0; at < items.length; at += step) chunks.push(items.slice(at, at + step));
      return chunks;
    }, "<an:a>"],
    range: [(first, last, step) => {
      if (first === undefined || last === undefined || step === undefined) return undefined;
      if (step === 0) throw failure("The step of $range must not be zero");
      if ((last - first) / step >= longestSequence) throw memoryError();
      const items = [];
      for (let index = 0; ; index++) {
        const value = first + index * step;
        if (step > 0 ? value > last : value < last) return items;
        items.push(value);
      }
    }, "<nnn:a>"],
    hash: [(text, algorithm) => {
      if (text === undefined || algorithm === undefined) return undefined;
      const result = digestOf(text, algorithm);
      if (typeof result !== "string") throw failure("Unsupported hash algorithm: " + algorithm);
      return result;
    }, "<ss:s>"],
    random: [(value) => (value === undefined ? random() : seeded(value)), "<n?:n>"],
    uuid: [() => hex(8) + "-" + hex(4) + "-4" + hex(3) + "-" + "89ab"[Math.floor(random() * 4)] + hex(3) + "-" + hex(12), "<:s>"],
    parse: [(text) => {
      if (text === undefined) return undefined;
      if (deep(text)) throw failure("The JSON text is nested too deeply");
      try {
        return JSON.parse(text);
      } catch (error) {
        throw failure("Unable to parse the JSON text: " + error.message);
      }
    }, "<s:x>"],
    pad: [(text, width, filler) => {
      if (text === undefined) return undefined;
      const length = [...text].length;
      const missing = Math.abs(Math.trunc(width)) - length;
      if (missing <= 0) return text;
      if (missing > longestText) throw memoryError();
      const unit = filler === undefined || filler === "" ? " " : filler;
      const characters = [...unit];
      const padding = [...unit.repeat(Math.ceil(missing / characters.length))].slice(0, missing).join("");
      return width > 0 ? text + padding : padding + text;
    }, "<s-ns?:s>"],
    base64encode: [(text) => (text === undefined ? undefined : toBase64(text)), "<s-:s>"],
    base64decode: [(text) => (text === undefined ? undefined : fromBase64(text)), "<s-:s>"],
    join: [(items, separator) => {
      if (items === undefined) return undefined;
      const between = separator === undefined ? "" : separator;
      let length = 0;
      for (const item of items) length += item.length + between.length;
      if (length > longestText) throw memoryError();
      return items.join(between);
    }, "<a<s>s?:s>"],
  };
  const deep = (text) => {
    let depth = 0;
    let quoted = false;
    for (let at = 0; at < text.length; at++) {
      const code = text.charCodeAt(at);
      if (quoted) {
        if (code === 92) at++;
        else if (code === 34) quoted = false;
      } else if (code === 34) quoted = true;
      else if (code === 91 || code === 123) {
        if (++depth > 1000) return true;
      } else if (code === 93 || code === 125) depth--;
    }
    return false;
  };

  /** The added functions in the library's own form, made once: parsing their signatures is what takes long. */
  const defined = {};
  const define = async () => {
    for (const name of Object.keys(added)) {
      const holder = compile("$held");
      holder.registerFunction("held", added[name][0], added[name][1]);
      defined[name] = await holder.evaluate();
    }
  };
  define();

  const compiled = (text) => {
    let entry = cache.get(text);
    if (entry !== undefined) return entry;
    const expression = compile(text, { stack: deepestStack, sequence: longestSequence });
    const facts = describe(expression.ast());
    for (const name of facts.variables) {
      if (Object.hasOwn(defined, name)) expression.assign(name, defined[name]);
    }
    expression.assign("eval", undefined);
    if (!facts.simple) expression.assign(Symbol.for("jsonata.__evaluate_exit"), afterNode);
    entry = { expression, facts, tooDeep: tooDeep(expression.ast()) };
    if (text.length > longestCached) return entry;
    if (cache.size >= cacheLimit) cache.delete(cache.keys().next().value);
    cache.set(text, entry);
    return entry;
  };

  /** A chain of operators is a tree as deep as the chain is long: 200 additions are more than AWS's stack takes. */
  const tooDeep = (tree) => {
    let level = [tree];
    for (let depth = 0; level.length > 0; depth++) {
      if (depth >= deepestTree) return true;
      const below = level.flatMap((node) => Object.values(node).flat(2));
      level = below.filter((node) => node !== null && typeof node === "object");
    }
    return false;
  };

  const cheap = new Set(["string", "number", "sum", "count", "max", "min", "average", "length", "substring", "lowercase",
    "uppercase", "trim", "floor", "ceil", "round", "abs", "sqrt", "power", "boolean", "not", "exists", "keys", "merge",
    "type", "now", "millis", "fromMillis", "uuid", "random", "hash", "parse", "base64encode", "base64decode", "lookup"]);
  const chancy = new Set(["random", "uuid", "shuffle"]);

  /** What the outside must know of an expression, found by one walk over its tree. */
  const describe = (tree) => {
    const free = new Set();
    const members = new Set();
    const facts = { simple: true, chance: false, topLevel: null, path: null };
    const walk = (node, inner, bound) => {
      if (node === null || typeof node !== "object") return bound;
      const hard = () => { facts.simple = false; };
      const refuse = (name) => { if (!inner && facts.topLevel === null) facts.topLevel = name; };
      switch (node.type) {
        case "path": {
          const steps = node.steps;
          if (steps[0].type === "variable" && steps[0].value === "states") {
            members.add(steps.length > 1 && steps[1].type === "name" && !steps[0].predicate && !steps[0].stages ? steps[1].value : "*");
          }
          steps.forEach((step, index) => {
            const within = inner || index > 0;
            if (index === 0 && step.type === "variable" && step.value === "states") {
              extras(step, true, bound);
            } else walk(step, within, bound);
            if (step.type !== "name" && step.type !== "variable" && index > 0) hard();
          });
          extras({ group: node.group }, true, bound);
          return bound;
        }
        case "name":
          refuse(node.value);
          break;
        case "wildcard":
        case "descendant":
        case "parent":
          refuse(node.value && typeof node.value === "string" ? node.value : "%");
          hard();
          break;
        case "variable":
          if (node.value === "") refuse("$");
          else if (node.value === "$") { if (facts.topLevel === null) facts.topLevel = "$$"; }
          else if (node.value === "states") members.add("*");
          else if (!bound.has(node.value)) free.add(node.value);
          break;
        case "lambda": {
          hard();
          const parameters = new Set(bound);
          for (const argument of node.arguments) parameters.add(argument.value);
          walk(node.body, inner, parameters);
          break;
        }
        case "block": {
          let scope = new Set(bound);
          for (const part of node.expressions) scope = walk(part, inner, scope);
          if (node.expressions.length > 1) hard();
          break;
        }
        case "bind": {
          hard();
          const scope = new Set(bound);
          scope.add(node.lhs.value);
          walk(node.rhs, inner, node.rhs.type === "lambda" ? scope : bound);
          extras(node, inner, bound);
          return scope;
        }
        case "function":
        case "partial":
          if (node.type === "partial" || node.procedure.type !== "variable" || !cheap.has(node.procedure.value)) hard();
          walk(node.procedure, inner, bound);
          for (const argument of node.arguments) walk(argument, inner, bound);
          break;
        case "apply":
          hard();
          walk(node.lhs, inner, bound);
          walk(node.rhs, inner, bound);
          break;
        case "transform":
          hard();
          walk(node.pattern, true, bound);
          walk(node.update, true, bound);
          walk(node.delete, true, bound);
          break;
        case "regex":
          hard();
          break;
        case "condition":
          walk(node.condition, inner, bound);
          walk(node.then, inner, bound);
          walk(node.else, inner, bound);
          break;
        case "unary":
          if (node.value === "[") for (const part of node.expressions) walk(part, inner, bound);
          else if (node.value === "{") {
            for (const pair of node.lhs) for (const part of pair) walk(part, inner, bound);
          } else walk(node.expression, inner, bound);
          break;
        case "binary":
          if (node.value === "..") hard();
          walk(node.lhs, inner, bound);
          walk(node.rhs, inner, bound);
          break;
        case "sort":
          hard();
          for (const term of node.terms) walk(term.expression, true, bound);
          break;
        case "filter":
          walk(node.expr, true, bound);
          if (node.expr.type !== "number") hard();
          break;
      }
      extras(node, inner, bound);
      return bound;
    };
    const extras = (node, inner, bound) => {
      let scope = bound;
      if (node.focus !== undefined || node.index !== undefined) {
        facts.simple = false;
        scope = bound;
        if (node.focus !== undefined) scope.add(node.focus);
        if (node.index !== undefined) scope.add(node.index);
      }
      for (const stage of [...(node.stages || []), ...(node.predicate || [])]) {
        if (stage.type === "index") scope.add(stage.value);
        walk(stage, true, scope);
      }
      if (node.group) {
        facts.simple = false;
        for (const pair of node.group.lhs) for (const part of pair) walk(part, true, scope);
      }
    };
    walk(tree, false, new Set());
    for (const name of free) if (chancy.has(name)) facts.chance = true;
    if (tree.type === "path" && plain(tree)) facts.path = tree.steps.map((step) => step.value);
    else if (tree.type === "variable" && plain({ steps: [tree] })) facts.path = [tree.value];
    return { ...facts, variables: [...free], states: [...members] };
  };
  const plain = (path) =>
    !path.group && !path.keepSingletonArray &&
    path.steps.every((step, index) =>
      step.type === (index === 0 ? "variable" : "name") && step.value !== "" && step.value !== "$" &&
      !step.stages && !step.predicate && !step.group && step.focus === undefined && step.index === undefined && !step.keepArray && !step.tuple);

  const plainValue = (value, depth) => {
    if (depth > 1100) throw memoryError();
    if (value === null || typeof value === "boolean") return;
    if (typeof value === "string") {
      charge(value.length);
      return;
    }
    charge(1);
    if (typeof value === "number") {
      if (!Number.isFinite(value)) throw failure("The result is not a JSON number");
    } else if (Array.isArray(value)) for (const item of value) plainValue(item, depth + 1);
    else if (typeof value === "object" && value._jsonata_function !== true && value._jsonata_lambda !== true && typeof value.implementation !== "function") {
      for (const key of Object.keys(value)) {
        charge(key.length);
        if (value[key] !== undefined) plainValue(value[key], depth + 1);
      }
    } else if (value !== undefined) throw failure("The result is a function, not a JSON value");
  };
  const problem = (error) => {
    if (error instanceof RangeError) return stackError();
    const code = typeof error.code === "string" ? error.code : undefined;
    const message = String(error.message);
    if (code === "D1011") return stackError();
    if (code === "D2015") return memoryError();
    return code === undefined ? { message } : { code, message };
  };

  globalThis.describeExpression = () => {
    try {
      globalThis.response = JSON.stringify({ facts: compiled(globalThis.request).facts });
    } catch (error) {
      globalThis.response = JSON.stringify({ problem: problem(error) });
    }
  };

  const evaluateAll = async (request) => {
    const results = [];
    for (const text of request.expressions) {
      built = 0;
      try {
        const entry = compiled(text);
        if (entry.tooDeep) throw stackError();
        const value = await entry.expression.evaluate(undefined, request.bindings);
        built = largestTotal - largestResult * 4;
        plainValue(value, 0);
        results.push(value === undefined ? null : { value });
      } catch (error) {
        results.push({ problem: problem(error) });
        break;
      }
    }
    return JSON.stringify({ results });
  };
  globalThis.evaluateExpressions = () => {
    const request = JSON.parse(globalThis.request);
    now = request.now;
    seed = request.seed;
    globalThis.response = "";
    evaluateAll(request).then((text) => { globalThis.response = text; });
  };
})();
`;
