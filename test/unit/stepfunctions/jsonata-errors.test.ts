/** JSONata's own errors, by code: those of the parser refuse a definition, the others fail the state. */
import { describe, expect, it } from "vitest";
import { parseDefinition } from "../../../src/services/stepfunctions/asl/validation/definition.ts";
import { runDefinition } from "../../support/asl-runner.ts";

const definitionOf = (expression: string) => ({
  QueryLanguage: "JSONata",
  StartAt: "A",
  States: { A: { Type: "Pass", Output: `{% ${expression} %}`, End: true } },
});

const parser: [code: string, expression: string, message: string][] = [
  ["S0101", '"abc', "String literal must be terminated by a matching quote"],
  ["S0102", "1e1000", 'Number out of range: "1e1000"'],
  ["S0103", '"\\y"', 'Unsupported escape sequence: \\"y"'],
  ["S0104", '"\\u12"', "The escape sequence \\u must be followed by 4 hex digits"],
  ["S0105", "$states.`abc", "Quoted property name must be terminated with a backquote (`)"],
  ["S0106", "1 /* x", "Comment has no closing tag"],
  ["S0201", "1 2", "Syntax error: 2"],
  ["S0202", "[1,2)", 'Expected "]", got ")"'],
  ["S0203", "(1", 'Expected ")" before end of expression'],
  ["S0204", "1 ! 2", 'Unknown operator: "!"'],
  ["S0207", "1 +", "Unexpected end of expression"],
  ["S0208", "function(1){2}", "Parameter 1 of function definition must be a variable name (start with $)"],
  ["S0210", "$states.input{a:b}{c:d}", "Each step can only have one grouping expression"],
  ["S0211", ")", 'The symbol ")" cannot be used as a unary operator'],
  ["S0212", "1 := 2", "The left side of := must be a variable name (start with $)"],
  ["S0213", "$states.input.1", "The literal value 1 cannot be used as a step within a path expression"],
  ["S0214", "$states.input@1", 'The right side of "@" must be a variable name (start with $)'],
  ["S0215", "$states.input[0]@$x", "A context variable binding must precede any predicates on a step"],
  ["S0216", "$states.input^(a)@$x", "A context variable binding must precede the 'order-by' clause on a step"],
  ["S0301", "//", "Empty regular expressions are not allowed"],
  ["S0302", "/abc", "No terminating / in regular expression"],
  ["S0402", "function($x)<(sa<n>):n>{1}", "Choice groups containing parameterized types are not supported"],
  ["S0401", "function($x)<s<n>:n>{1}", "Type parameters can only be applied to functions and arrays"],
];

const evaluator: [code: string, expression: string, message: string][] = [
  ["T0410", "$length(1)", 'Argument 1 of function "length" does not match function signature'],
  ["T0411", "[1].$length()", 'Context value is not a compatible type with argument 1 of function "length"'],
  ["T0412", "$join([1])", 'Argument 1 of function "join" must be an array of "strings"'],
  ["D1001", "1e308 * 10 + 1", "Number out of range: null"],
  ["D1002", '-"a"', 'Cannot negate a non-numeric value: "a"'],
  ["T1003", "{1:2}", "Key in object structure must evaluate to a string; got: 1"],
  ["D1004", "$match('a', /a*?/)", "Regular expression matches zero length string"],
  ["T1006", "1()", "Attempted to invoke a non-function"],
  ["T1008", "1(?)", "Attempted to partially apply a non-function"],
  ["D1009", "[1,2]{'a': $, 'a' & '': 2}", 'Multiple key definitions evaluate to same key: "a"'],
  [
    "T1010",
    "$match('a', function($s){1})",
    'The matcher function argument passed to function "match" does not return the correct object structure',
  ],
  ["T2001", "'a' + 1", 'The left side of the "+" operator must evaluate to a number'],
  ["T2002", "1 + 'a'", 'The right side of the "+" operator must evaluate to a number'],
  ["T2003", "['a'..1]", "The left side of the range operator (..) must evaluate to an integer"],
  ["T2004", "[1..'b']", "The right side of the range operator (..) must evaluate to an integer"],
  ["T2006", "1 ~> 2", "The right side of the function application operator ~> must be a function"],
  ["T2007", "[{'a':1},{'a':'x'}]^(a)", 'Type mismatch when comparing values 1 and "x" in order-by clause'],
  [
    "T2008",
    "[{'a':{}},{'a':{}}]^(a)",
    "The expressions within an order-by clause must evaluate to numeric or string values",
  ],
  ["T2009", "1 < 'a'", 'The values 1 and "a" either side of operator "<" must be of the same data type'],
  ["T2010", "true < 1", 'The expressions either side of operator "<" must evaluate to numeric or string values'],
  [
    "T2011",
    "$states.input ~> |$|1|",
    "The insert/update clause of the transform expression must evaluate to an object: 1",
  ],
  [
    "T2012",
    "$states.input ~> |$|{}, 1|",
    "The delete clause of the transform expression must evaluate to a string or array of strings: 1",
  ],
  [
    "D2014",
    "[1..1000001]",
    "The size of the sequence allocated by the range operator (..) must not exceed 1e6.  Attempted to allocate 1000001.",
  ],
  ["D3001", "$string(1/0)", "Attempting to invoke string function on Infinity or NaN"],
  ["D3010", "$replace('a','','b')", "Second argument of replace function cannot be an empty string"],
  ["D3011", "$replace('a','a','b',-1)", "Fourth argument of replace function must evaluate to a positive number"],
  ["D3012", "$replace('a',/a/,function($m){1})", "Attempted to replace a matched string with a non-string value"],
  ["D3020", "$split('a','b',-1)", "Third argument of split function must evaluate to a positive number"],
  ["D3030", "$number('x')", 'Unable to cast value to a number: "x"'],
  ["D3040", "$match('a',/a/,-1)", "Third argument of match function must evaluate to a positive number"],
  [
    "D3050",
    "$reduce([1],function($x){1})",
    "The second argument of reduce function must be a function with at least two arguments",
  ],
  ["D3060", "$sqrt(-1)", "The sqrt function cannot be applied to a negative number: -1"],
  [
    "D3061",
    "$power(10,1000)",
    "The power function has resulted in a value that cannot be represented as a JSON number: base=10, exponent=1000",
  ],
  [
    "D3070",
    "$sort([{'a':1},{'a':2}])",
    "The single argument form of the sort function can only be applied to an array of strings or an array of numbers.  Use the second argument to specify a comparison function",
  ],
  ["D3080", "$formatNumber(1,'0;0;0')", "The picture string must only contain a maximum of two sub-pictures"],
  [
    "D3085",
    "$formatNumber(1,'.')",
    "The mantissa part of a sub-picture must contain at least one character that is either an 'optional digit character' or a member of the 'decimal digit family'",
  ],
  [
    "D3086",
    "$formatNumber(1,'0a0')",
    "The sub-picture must not contain a passive character that is preceded by an active character and that is followed by another active character",
  ],
  ["D3100", "$formatBase(1,1)", "The radix of the formatBase function must be between 2 and 36.  It was given 1"],
  [
    "D3110",
    "$toMillis('x')",
    'The argument of the toMillis function must be an ISO 8601 formatted timestamp. Given "x"',
  ],
  ["D3132", "$fromMillis(1,'[q]')", 'Unknown component specifier "q" in date/time picture string'],
  [
    "D3133",
    "$fromMillis(1,'[YN]')",
    "The 'name' modifier can only be applied to months and days in the date/time picture string, not \"Y\"",
  ],
  ["D3135", "$fromMillis(1,'[Y')", "No matching closing bracket ']' in date/time picture string"],
  ["D3137", "$error('boom')", "boom"],
  ["D3138", "$single([1,2])", "The $single() function expected exactly 1 matching result.  Instead it matched more."],
  ["D3139", "$single([])", "The $single() function expected exactly 1 matching result.  Instead it matched 0."],
  ["D3140", "$decodeUrl('%')", 'Malformed URL passed to $decodeUrl(): "%"'],
  ["D3141", "$assert(false,'nope')", "nope"],
];

describe("an expression", () => {
  it.each(parser)("with %s makes its definition invalid: %s", (_code, expression, message) => {
    const { machine, diagnostics } = parseDefinition(JSON.stringify(definitionOf(expression)));
    expect(machine).toBeUndefined();
    expect(diagnostics).toEqual([
      { severity: "ERROR", code: "INVALID_JSONATA_EXPRESSION", message, location: "/States/A/Output" },
    ]);
  });

  it.each(evaluator)("with %s fails its state: %s", (code, expression, message) => {
    expect(runDefinition(definitionOf(expression), { a: 1 })).toMatchObject({
      status: "FAILED",
      error: "States.QueryEvaluationError",
      cause: `An error occurred while executing the state 'A' (entered at the event id #2). The JSONata expression '${expression}' specified for the field 'Output' threw an error during evaluation. ${code}: ${message}`,
    });
  });
});
