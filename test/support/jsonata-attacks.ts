/** Expressions that try to get out: the ways that once led out, and random ones from the words such ways are made of. */

/** Names a prototype, a function or a promise has, with the names the library's own functions had inside. */
export const hostNames = [
  ...["constructor", "__proto__", "prototype", "__lookupGetter__", "__defineGetter__", "__defineSetter__", "toString"],
  ...["valueOf", "toJSON", "hasOwnProperty", "arguments", "caller", "callee", "then", "apply", "call", "bind", "name"],
  ...["length", "implementation", "environment", "signature", "body", "input", "_jsonata_lambda", "_jsonata_function"],
  ...["thunk", "sequence", "cons", "keepSingleton", "outerWrapper", "tupleStream", "marks", "fn", "arity", "next"],
  ...["process", "require", "globalThis", "mainModule", "stack", "message", "code", "raw", "index", "groups"],
];

/** Ways out of an evaluator that hands the host's objects to expressions. None of them gives anything. */
export const knownWays = [
  // A function taken apart: by a transform, by the functions for objects, by a path.
  "$sum ~> |$|{'x': implementation}|",
  "[$sum] ~> |$|{'x': implementation, 'y': environment}|",
  "($f := function($x){$x}; {'f': $f} ~> |f|{'environment': 1, '_jsonata_lambda': true}|).f.environment",
  "({'f': $sum} ~> |**|{'x': implementation}|).f.x",
  "$sum.implementation",
  "($f := function($x){$x}; $f.environment)",
  "($f := function($x){$x}; $f.(environment.lookup))",
  "$lookup($sum, 'implementation')",
  "$keys($sum)",
  "$keys(function($x){$x})",
  "$sum.*",
  "$sum.**.implementation",
  "$each($sum, function($v, $k){$k})",
  "$sift($sum, function($v){true})",
  "$spread($sum).implementation",
  "$merge([$sum])",
  "$merge([{'_jsonata_function': true, 'implementation': 'x'}])()",
  "{'_jsonata_function': true, 'implementation': $sum}([1])",
  "{'_jsonata_lambda': true, 'body': 1, 'arguments': [], 'environment': {'lookup': $sum}}()",
  "({'apply': $sum, 'call': $sum})()",
  "$clone($sum).implementation",
  "[1,2][$sum].implementation",
  // A key that is another text each time it is asked.
  "($n := 0; $k := {'toString': function(){($n := $n + 1; $n > 1 ? '__proto__' : 'a')}}; $lookup({'a': 1}, $k))",
  "($k := {'toString': function(){'__proto__'}}; {'a': 1}[$k])",
  "($k := {'toString': function(){'constructor'}}; {$k: 1})",
  "{['__proto__']: 1}",
  "$replace('x', {'toString': function(){'x'}}, 'y')",
  "$join([{'toString': function(){'x'}}])",
  "$formatNumber(1, '0', {'zero-digit': {'charCodeAt': function(){1}}})",
  "$formatNumber(1, {'split': function(){[]}})",
  "$split('abc', {'exec': function(){[]}})",
  "$match('abc', function($s){{'match': 'a', 'start': 0, 'end': 0, 'groups': [], 'next': {'apply': 1}}})",
  "$fromMillis(0, {'length': 5})",
  // Prototypes, by every way to name a member.
  "$states.input.__proto__",
  "$states.input.constructor",
  "$states.input.constructor.constructor('return process')()",
  "$states.input.`__proto__`.polluted",
  "$lookup($states.input, '__proto__')",
  "$lookup($states.input, 'constructor')",
  "$lookup([[], {}], '__lookupGetter__')",
  "$states.input.s.constructor",
  "$states.input.s.length",
  "$states.input.list.length",
  "$states.input.list.constructor",
  "$states.__proto__",
  "$constructor",
  "$__proto__",
  "$toString()",
  "$hasOwnProperty('a')",
  "$states.input ~> |$|{}, ['__proto__', 'constructor']| ~> $lookup('constructor')",
  "($states.input ~> |$|{'__proto__': {'polluted': true}}|).polluted",
  "$merge([{'__proto__': {'polluted': true}}, {}]).polluted",
  '$parse("{\\"__proto__\\": {\\"polluted\\": true}}").polluted',
  "{'a': 1}{'__proto__': $}.polluted",
  "([{'k': '__proto__', 'v': 1}]{k: v}).polluted",
  // Errors, which come from the evaluator, and what waits for one.
  "$error($sum).constructor",
  "$error({'message': 'x'}).stack",
  "$assert(false, {'toString': function(){'x'}})",
  "{'then': function($resolve){$resolve(1)}}.then.constructor",
  "{'then': function($r, $e){$e(1)}}.then.arguments",
  "$eval('1')",
  "($e := $eval; $e('1'))",
  "$map(['1'], $eval)",
];

/** Expressions that ask for more than there is. */
export const costlyWays = [
  "$fromMillis(0, '[Y,200000000-200000000]')",
  "$fromMillis(0, '[M,999999999]')",
  "$toMillis('1', '[Y,200000000-200000000][M]')",
  "$formatInteger(1e300, 'I')",
  "$formatInteger(1, $pad('', 200000, '0'))",
  "$formatNumber(1, $pad('', 200000, '0'))",
  "$formatNumber(1, '0', {'grouping-separator': ''})",
  "$formatNumber(1, '#,##0.00', {'minus-sign': $pad('', 200000, '-')})",
  "$pad('x', 1e15)",
  "$pad('x', -1e300, 'ab')",
  "$pad('', 262145)",
  "$replace($pad('', 200000, 'a'), 'a', $pad('', 200000, 'b'))",
  "$replace($pad('', 200000, 'a'), /a/, $pad('', 200000, 'b'))",
  "$replace($pad('', 2000, 'a'), /(a)/, '$1$1$1$1' & $pad('', 200000, '$0'))",
  "$join($map([1..100000], function($x){$pad('', 1000, 'x')}))",
  "$split($pad('', 200000, 'a'), '') ~> $map(function($x){$split($pad('', 200000, 'a'), '')})",
  "[1..1000000]",
  "[0..999999999999]",
  "$range(0, 1e300, 1)",
  "$range(0, 1, 1e-300)",
  "$range(1, 2, 0)",
  "$partition([1..100000], 1e-5)",
  "($f := function($x, $n){$n = 0 ? $x : $f([$x, $x], $n - 1)}; $string($f(1, 60)))",
  "($f := function($x, $n){$n = 0 ? $x : $f([$x, $x], $n - 1)}; $f(1, 60).**)",
  "($f := function($x, $n){$n = 0 ? $x : $f([[$x, $x]], $n - 1)}; $f(1, 60) = $f(1, 60))",
  "($f := function($x, $n){$n = 0 ? $x : $f({'a': $x, 'b': $x}, $n - 1)}; $clone($f(1, 60)))",
  "($f := function($x, $n){$n = 0 ? $x : $f({'a': $x, 'b': $x}, $n - 1)}; $f(1, 60))",
  "($f := function($x, $n){$n = 0 ? $x : $f([[$x]], $n - 1)}; $string($f(1, 100000)))",
  "($f := function($x, $n){$n = 0 ? $x : $f([$x, [$x]], $n - 1)}; $count($f(1, 50).*))",
  "($f := function($s, $n){$n = 0 ? $s : $f($s & $s, $n - 1)}; $f('ab', 60))",
  "$states.input ~> |$|{'self': $}| ~> $string()",
  "$states.input ~> |$|{'self': $}|",
  "($states.input ~> |$|{'self': $}|).**",
  "$sort([1..100000], function($a, $b){$sort([1..1000], function($c, $d){$c < $d})[0] > 0})",
  "$distinct($map([1..50000], function($x){{'a': $x}}))",
  "$zip([1..100000], [1..100000], [1..100000], [1..100000])",
  "[1..300].($a := $; [1..300].($b := $; [1..300].($a * $b)))",
  "$map([1..100000], function($x){function($y){$x}})",
  "$reduce([1..200000], function($a, $b){$append($a, [1..1000])})",
  "($f := function($n){$g($n)}; $g := function($n){[$f($n)]}; $f(1))",
  "($f := function(){$f()}; $f())",
  "($f := $map ~> $map; $f(1))",
  "($f := function($x){$x($x)}; $f($f))",
  "($f := function($g, $n){$n = 0 ? $g : $f($g ~> $g, $n - 1)}; $f($string, 60)(1))",
  "($m := function($s){{'match': '', 'start': 0, 'end': 0, 'groups': [], 'next': function(){$m('')}}}; $match('a', $m))",
  "$match($pad('', 100000, 'a'), /(a*)*(a*)*(a*)*b/)",
  "$contains($pad('', 200000, 'a'), /(?=a*b)(?=a*c)a/)",
  "$encodeUrlComponent($pad('', 250000, '\u20ac'))",
  "$hash($pad('', 250000, 'x'), 'SHA-512') ~> $map([1..100000], function($x){$hash($pad('', 250000, 'x'), 'MD5')})",
];

/** Draws as many numbers in [0, 1) as are asked for, the same ones for the same seed. */
export function drawing(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const functions = [
  ...["sum", "count", "max", "min", "average", "string", "substring", "substringBefore", "substringAfter", "lowercase"],
  ...[
    "uppercase",
    "length",
    "trim",
    "pad",
    "match",
    "contains",
    "replace",
    "split",
    "join",
    "formatNumber",
    "formatBase",
  ],
  ...["formatInteger", "parseInteger", "number", "floor", "ceil", "round", "abs", "sqrt", "power", "boolean", "not"],
  ...["map", "filter", "single", "reduce", "sift", "each", "keys", "lookup", "append", "exists", "spread", "merge"],
  ...["reverse", "shuffle", "distinct", "sort", "zip", "error", "assert", "type", "base64encode", "base64decode"],
  ...["encodeUrl", "encodeUrlComponent", "decodeUrl", "decodeUrlComponent", "toMillis", "fromMillis", "now", "millis"],
  ...["clone", "partition", "range", "hash", "random", "uuid", "parse", "eval"],
];
const literals = [
  ...["0", "1", "-1", "2", "1e300", "0.5", "1e9", "true", "false", "null", "''", "'a'", "'ab'", "[]", "{}", "[1..5]"],
  ...["'[Y0001]-[M01]'", "'#,##0.00'", "'[Y,9-99999999]'", "'0'", "'Ww'", "'$1$0'", "'%E0'", "'{\"__proto__\":1}'"],
  ...["/a/", "/(a)|b/i", "/a*/", "/(?:)/", "/^.$/m", "/(?!a)b?/", "'2020-01-01'", "'I'", "'a;o'", "'%'"],
];

/** A random expression. */
export function randomExpression(draw: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(draw() * list.length)]!;
  const name = (): string => (draw() < 0.6 ? pick(hostNames) : pick(["a", "b", "s", "list", "o", "n"]));
  const text = (): string => `'${name()}'`;
  const step = (): string => (draw() < 0.3 ? `\`${name()}\`` : name());
  const variable = (): string =>
    pick(["$x", "$y", "$f", "$v", "$states.input", "$", `$${name()}`, `$${pick(functions)}`]);
  const several = (make: () => string, most: number): string =>
    Array.from({ length: Math.floor(draw() * (most + 1)) }, make).join(", ");
  const make = (depth: number): string => {
    const inner = (): string => make(depth - 1);
    if (depth <= 0) return pick([variable, text, () => pick(literals), step])();
    switch (Math.floor(draw() * 24)) {
      case 0:
      case 1:
      case 2:
        return `$${pick(functions)}(${several(inner, 3)})`;
      case 3:
      case 4:
        return `${inner()}.${draw() < 0.7 ? step() : pick(["*", "**", "%", `(${inner()})`, `$${pick(functions)}()`])}`;
      case 5:
        return `${inner()}[${inner()}]${draw() < 0.2 ? "[]" : ""}`;
      case 6:
        return `{${several(() => `${draw() < 0.7 ? text() : inner()}: ${inner()}`, 3)}}`;
      case 7:
        return `${inner()}{${text()}: ${inner()}}`;
      case 8:
        return `[${several(inner, 3)}]`;
      case 9:
        return `(${pick(["$x", "$f", `$${name()}`])} := ${inner()}; ${inner()})`;
      case 10:
      case 11:
        return `function(${several(() => pick(["$x", "$y", `$${name()}`]), 3)})${draw() < 0.2 ? pick(["<x:x>", "<s-:s>", "<a<n>f?:x>", "<(ao)+:o>"]) : ""}{${inner()}}`;
      case 12:
        return `${inner()} ~> |${inner()}|${inner()}${draw() < 0.5 ? `, ${draw() < 0.5 ? text() : inner()}` : ""}|`;
      case 13:
        return `${inner()} ~> ${draw() < 0.5 ? inner() : `$${pick(functions)}(${several(inner, 2)})`}`;
      case 14:
        return `${inner()} ? ${inner()} : ${inner()}`;
      case 15:
        return `${inner()}^(${pick(["<", ">", ""])}${inner()})`;
      case 16:
        return `${inner()}@$x.${inner()}`;
      case 17:
        return `${inner()}#$y.${inner()}`;
      case 18:
        return `$${pick(functions)}(${pick(["?", inner()])}, ${pick(["?", inner()])})`;
      case 19:
        return `(${inner()})(${several(inner, 2)})`;
      case 20:
        return `{'toString': function(){${inner()}}, ${text()}: ${inner()}}`;
      case 21:
        return `${inner()} ${pick(["??", "?:"])} ${inner()}`;
      default:
        return `${inner()} ${pick(["+", "-", "*", "/", "%", "&", "=", "!=", "<", ">=", "in", "and", "or", ".."])} ${inner()}`;
    }
  };
  return make(1 + Math.floor(draw() * 4));
}

/** An expression with pieces taken out, doubled or put in, as an attacker's typing would have it. */
export function damaged(expression: string, draw: () => number): string {
  const at = Math.floor(draw() * expression.length);
  const length = 1 + Math.floor(draw() * 4);
  const kinds = [
    () => expression.slice(0, at) + expression.slice(at + length),
    () => expression.slice(0, at) + expression.slice(at, at + length).repeat(3) + expression.slice(at + length),
    () => expression.slice(0, at) + "[](){}.$%@#^|/\\'\"`~?:;,"[Math.floor(draw() * 24)] + expression.slice(at),
    () => expression.slice(0, at),
  ];
  return kinds[Math.floor(draw() * kinds.length)]!();
}
