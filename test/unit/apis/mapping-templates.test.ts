/** Rules of Velocity that mapping templates follow, beyond the cases of the file. What is expected is what Velocity 1.7 renders. */
import { describe, expect, it } from "vitest";
import { TemplateError } from "../../../src/apis/vtl/syntax.ts";
import { MappingTemplate, Overrides } from "../../../src/apis/vtl/template.ts";

const body = JSON.stringify({ n: 5, s: "5", l: [1, 2], o: { k: "v" } });

function rendered(template: string): string {
  return new MappingTemplate(template).render({
    body,
    params: { path: {}, querystring: { q: "a,b,,c,," }, header: {} },
    context: {},
    stageVariables: {},
    overrides: new Overrides(),
  });
}

describe("a mapping template", () => {
  it.each([
    ["escapes: two backslashes are one before what has no value", "\\\\$nope", "\\"],
    ["escapes: an odd one keeps what has no value", "\\\\\\$nope|\\$nope", "\\\\$nope|\\$nope"],
    ["escapes: halves before a value", '#set($a = "v")\\$a \\\\$a \\\\\\$a', "$a \\v \\$a"],
    ["escapes: directives", "\\#if(true)x\\#end \\\\#if(true)y#end", "#if(true)x#end \\y"],
    ["names: a dash belongs to one", '#set($a = "v")$a-b ${a}-b $a_b', " v-b "],
    ["names: dots at the end of a sentence", '#set($m = {"b": "c"})$m.b. $m.b, $m.b!', "c. c, c!"],
    ["arithmetic: a minus sign needs a blank after it", "#set($x = 5)#set($y = $x - 1)$y", "4"],
    ["arithmetic: precedence and whole division", "#set($x = (1 + 2) * 7 / 2 - -7 / 2 % 2)$x", "11"],
    ["arithmetic: numbers grow", "#set($x = 4611686018427387904 * 4)$x", "18446744073709551616"],
    ["arithmetic: of a text and a number there is none", '#set($x = "5" * 2)[$x]', "[]"],
    ["texts: + joins from left to right", '#set($x = 1 + 2 + "3" + 1 + 2)$x', "3312"],
    ["comparisons: of texts there is no order", '#if("b" > "a")y#{else}n#end#if("10" > 9)y#{else}n#end', "nn"],
    ["comparisons: classes meet as texts", '#if($input.path("$.n") == "5" && $input.path("$.s") == 5)y#end', "y"],
    ["comparisons: and binds tighter than or", "#if(true || false && false)y#{else}n#end", "y"],
    ["ranges: go down and take variables", "#set($l = [1, 2, 3])#foreach($i in [$l.size()..-1])$i #end", "3 2 1 0 -1 "],
    [
      "loops: what they tell of themselves",
      "#foreach($i in [7,8])$foreach.getIndex()$foreach.isFirst()#end",
      "0true1false",
    ],
    ["loops: values of a map", '#foreach($v in {"a": 1, "b": [2]})<$v>#end', "<1><[2]>"],
    [
      "loops: a break leaves the inner one",
      "#foreach($i in [1,2])#foreach($j in [1,2])#if($j == 2)#break#end$i$j #end#end",
      "11 21 ",
    ],
    ["macros: called without parentheses", "#macro(m)hi#end#m #m()", "hi hi"],
    ["macros: called before they are defined", "#m(1)#macro(m $a)[$a]#end", "[1]"],
    ["macros: a parameter is evaluated where it is used", '#macro(m $x)$x#end#set($b = 1)#m("a$b")', "a1"],
    [
      "strings: arguments of another class find no method",
      '#set($s = "abc")[$s.concat(1)][$s.substring("1")][$s.contains(1)][$s.replace("a", 1)]',
      "[][][][]",
    ],
    ["strings: nothing is found around each character", '#set($s = "ab")$s.replace("", "-")', "-a-b-"],
    [
      "strings: replace is literal, replaceAll is not",
      '#set($s = "a.b")$s.replace(".", "-") $s.replaceAll(".", "-") $s.replaceAll("[.]", "-")',
      "a-b --- a-b",
    ],
    [
      "strings: split leaves out what is empty at the end",
      '#foreach($v in $input.params("q").split(","))<$v>#end',
      "<a><b><><c>",
    ],
    ["strings: quotes are doubled", `#set($a = "say ""hi""")#set($b = 'it''s')$a $b`, `say "hi" it's`],
    [
      "numbers: static methods belong to their class",
      '#set($i = 0)#set($d = 0.0)$i.parseInt("42")|$d.parseInt("42")|$i.parseDouble("4.2")|$d.parseDouble("4.2")',
      "42|||4.2",
    ],
    [
      "numbers: an Integer's radix",
      '#set($i = 0)$i.parseInt("ff", 16) $i.toString(255, 16) $i.toHexString(255) $i.toBinaryString(5)',
      "255 ff ff 101",
    ],
    ["numbers: beyond 32 bits they are Longs", '#set($n = 3000000000)$n.parseLong("9")|$n.parseInt("9")', "9|"],
    ["booleans: static methods", '#set($b = true)$b.parseBoolean("TRUE") $b.valueOf("x")', "true false"],
    [
      "lists: what is kept and what goes",
      "#set($l = [1, 2, 1])$l.lastIndexOf(1) $l.removeAll([1]) $l $l.retainAll([2]) $l",
      "2 true [2] false [2]",
    ],
    [
      "maps: only what is absent",
      '#set($m = {"k": "v"})$m.putIfAbsent("k", "w")$m.putIfAbsent("z", 1) $m',
      "v {k=v, z=1}",
    ],
    [
      "maps: a member of any depth is set",
      '#set($m = {"a": {}})#set($m.a.b = [1])#set($m.a.b[0] = "x")$m',
      "{a={b=[x]}}",
    ],
    ["paths: @ begins one as $ does", '$input.path("@.o.k")', "v"],
    [
      "paths: what a template changes in a document stays",
      '#set($d = $input.path("$"))#set($ok = $d.l.add(3))$input.json("$.l")',
      "[1,2,3]",
    ],
    ["blanks: a #set takes those after a reference", '#set($a = "v")$a #set($b = 1)y x #set($b = 2)z', "vy x z"],
    ["blanks: indentation before a directive stays", "  #if(true)\n  yes\n  #end\nb", "    yes\n  b"],
    ["blanks: CRLF ends a line", "#set($x = 1)\r\n$x\r\n#if(true)\r\na\r\n#end\r\nb", "1\r\na\r\nb"],
  ])("%s", (_rule, template, expected) => {
    expect(rendered(template)).toBe(expected);
  });

  it.each([
    ["a sign that is a number's own", "#set($x = 5)#set($y = $x -1)$y"],
    ["a range of texts", '#set($r = ["a".."c"])'],
    ["a reference without its end", "a ${b c} d"],
    ["an index out of range", "#set($l = [1])$l[1]"],
    ["numbers of two classes compared by a method", "#set($d = 1.5)$d.compareTo(1)"],
    ["null where a method wants a text", '#set($s = "a")$s.contains($nope)'],
    ["a method of a literal", '#set($x = "a,b".split(","))'],
    ["an end too many", "x#end"],
  ])("fails for %s", (_rule, template) => {
    expect(() => rendered(template)).toThrow(TemplateError);
  });
});
