/** Policies of any content are invalid or evaluated, without exceptions and delays. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { decide } from "../../src/access/evaluate.ts";
import { parsePolicy } from "../../src/access/policy.ts";

const text = fc.oneof(
  fc.constantFrom("*", "", "${", "${}", "${aws:userid}", "${aws:x, 'y'}", "${*}", "}", ",", "'", "__proto__"),
  fc.constantFrom("arn:aws:sqs:us-east-1:000000000000:q", "arn:aws:iam::111122223333:root", "arn:::::", "111122223333"),
  fc.constantFrom("sqs:*", "SQS:SendMessage", "192.0.2.0/24", "::1/64", "2030-01-01", "1e309", "true"),
  fc.string(),
);
const texts = fc.oneof(
  text,
  fc.array(text, { maxLength: 3 }),
  fc.array(text, { maxLength: 4 }).map((parts) => parts.join("")),
);
const operator = fc
  .tuple(
    fc.constantFrom("", "", "ForAllValues:", "ForAnyValue:"),
    fc.constantFrom("StringEquals", "StringLike", "StringNotLike", "NumericLessThan", "DateEquals", "ArnLike", "Bool"),
    fc.constantFrom("", "", "IfExists"),
  )
  .map((parts) => parts.join(""));
const anyOperator = fc.oneof(
  { weight: 8, arbitrary: operator },
  fc.constantFrom("Null", "IpAddress", "NotIpAddress", "BinaryEquals", "ArnNotEquals", "StringEqualsIgnoreCase"),
  fc.constantFrom("__proto__", "constructor", "toString", "", "ForSome:StringLike", "IfExists"),
);
const key = fc.constantFrom("aws:userid", "aws:SourceIp", "aws:CurrentTime", "__proto__", "constructor", "");
const condition = fc.dictionary(
  anyOperator,
  fc.dictionary(key, fc.oneof(texts, fc.boolean(), fc.integer()), { maxKeys: 2 }),
  { maxKeys: 2 },
);

/** An element or its opposite. */
function either(name: string, value: fc.Arbitrary<unknown>): fc.Arbitrary<object> {
  return fc.tuple(fc.constantFrom(name, name, `Not${name}`), value).map(([element, one]) => ({ [element]: one }));
}

const principal = fc.oneof(
  fc.constant("*"),
  fc.dictionary(fc.constantFrom("AWS", "AWS", "Service", "__proto__"), texts, { minKeys: 1 }),
);
const statement = fc
  .tuple(
    fc.record({ Effect: fc.constantFrom("Allow", "Allow", "Deny", "x") }),
    either("Principal", principal),
    either("Action", texts),
    fc.oneof(fc.constant({}), either("Resource", texts)),
    fc.oneof(
      fc.constant({}),
      condition.map((Condition) => ({ Condition })),
      fc.dictionary(fc.string(), fc.jsonValue()),
    ),
  )
  .map((parts) => Object.assign({}, ...parts) as object);
const policy = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      Version: fc.constantFrom("2008-10-17", "2012-10-17", "2012-10-17", "x"),
      Statement: fc.oneof(statement, fc.array(statement, { maxLength: 3 })),
    }),
  },
  fc.record({ Statement: fc.jsonValue() }),
  fc.jsonValue(),
);

it("policies are evaluated or invalid", () => {
  const keys = new Map([
    ["aws:userid", "somebody"],
    ["aws:sourceip", "192.0.2.7"],
    ["aws:currenttime", "2030-01-01T00:00:00.000Z"],
  ]);
  let decided = 0;
  fc.assert(
    fc.property(policy, (value) => {
      const parsed = parsePolicy(JSON.stringify(value));
      if (!parsed) return;
      decided += 1;
      const decision = decide(parsed, {
        account: "111122223333",
        principal: { arn: "arn:aws:sts::111122223333:assumed-role/r/s", userId: "AROAX:s" },
        action: "sqs:SendMessage",
        resource: "arn:aws:sqs:us-east-1:000000000000:q",
        keys,
      });
      expect(["allowed", "denied", "not allowed"]).toContain(decision);
    }),
    { numRuns: 20_000 },
  );
  // Enough policies must be valid to test anything.
  expect(decided).toBeGreaterThan(1000);
});
