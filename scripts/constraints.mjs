/**
 * Writes the tables in `protocols/constraints/` from a folder of AWS service descriptions (the JSON the older SDKs
 * publish). Run by hand when a service gains members:
 *
 *     node scripts/constraints.mjs <folder of models>
 *
 * Only facts are carried over: what is required, lengths, ranges, patterns, enums and the widths of numbers, for each
 * structure an input can contain, with its members in the model's order, in which AWS checks and prints them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TABLES = {
  sqs: { model: "sqs", ownChecks: true },
  sns: { model: "sns", error: "ValidationError", adjust: sns },
  sts: { model: "sts", error: "ValidationError" },
  kinesis: { model: "kinesis", adjust: kinesis },
  eventbridge: { model: "events", adjust: eventbridge },
  stepfunctions: { model: "stepfunctions", adjust: stepfunctions },
  scheduler: { model: "scheduler" },
  pipes: { model: "pipes" },
};

const LENGTHS = new Set(["string", "list", "map", "blob"]);
const WIDTHS = new Set(["long", "float", "double"]);

const folder = process.argv[2];
if (folder === undefined) throw new Error("Which folder holds the models?");
const target = join(dirname(fileURLToPath(import.meta.url)), "..", "protocols", "constraints");

for (const [name, { model, error = "ValidationException", ownChecks, adjust }] of Object.entries(TABLES)) {
  const description = JSON.parse(readFileSync(join(folder, `${model}.json`), "utf8"));
  const shapes = ownChecks ? {} : tableOf(description);
  adjust?.(shapes);
  const lines = Object.keys(shapes)
    .sort()
    .map((shape) => `${JSON.stringify(shape)}:${JSON.stringify(shapes[shape])}`);
  const body = lines.length === 0 ? "" : `\n${lines.join(",\n")}\n`;
  writeFileSync(join(target, `${name}.json`), `{"error":${JSON.stringify(error)},"shapes":{${body}}}\n`);
}

/** Every structure the inputs reach, by name. */
function tableOf({ operations, shapes }) {
  const table = {};
  const visit = (name) => {
    const shape = shapes[name];
    if (shape.type === "list") visit(shape.member.shape);
    if (shape.type === "map") visit(shape.value.shape);
    if (shape.type !== "structure" || table[name] !== undefined) return;
    table[name] = {};
    for (const [member, reference] of Object.entries(shape.members ?? {})) {
      table[name][member] = factsOf(shapes, reference.shape, shape.required?.includes(member));
      visit(reference.shape);
    }
  };
  for (const { input } of Object.values(operations)) if (input !== undefined) visit(input.shape);
  return table;
}

function factsOf(shapes, name, required) {
  const shape = shapes[name];
  const facts = {};
  if (required) facts.required = true;
  // A minimum of zero cannot be missed by a length.
  if (shape.min !== undefined && !(LENGTHS.has(shape.type) && shape.min === 0)) facts.min = shape.min;
  if (shape.max !== undefined) facts.max = shape.max;
  if (shape.pattern !== undefined) facts.pattern = shape.pattern;
  if (shape.enum !== undefined) facts.enum = shape.enum;
  if (WIDTHS.has(shape.type)) facts.type = shape.type;
  const inner = shape.type === "list" ? shape.member.shape : shape.type === "map" ? shape.value.shape : undefined;
  if (inner !== undefined) addUnlessEmpty(facts, "item", factsOf(shapes, inner, false));
  if (shape.type === "map") addUnlessEmpty(facts, "key", factsOf(shapes, shape.key.shape, false));
  return facts;
}

function addUnlessEmpty(facts, name, inner) {
  if (Object.keys(inner).length > 0) facts[name] = inner;
}

/** StreamId is reserved: whatever it holds is ignored. */
function kinesis(shapes) {
  for (const members of Object.values(shapes)) if (members.StreamId !== undefined) members.StreamId = {};
}

/** Members that only AWS's own copy of the model has; they show where an entry is printed. */
function eventbridge(shapes) {
  Object.assign(shapes.PutEventsRequestEntry, { KmsKeyIdentifier: {}, InternalMetadata: {} });
}

/** The order in which AWS lists these values. */
function stepfunctions(shapes) {
  shapes.ListExecutionsInput.statusFilter.enum = [
    "SUCCEEDED",
    "TIMED_OUT",
    "PENDING_REDRIVE",
    "ABORTED",
    "FAILED",
    "RUNNING",
  ];
}

/** SNS tells a missing ARN itself, in its own words. */
function sns(shapes) {
  for (const members of Object.values(shapes)) {
    for (const name of ["TopicArn", "SubscriptionArn", "EndpointArn", "PlatformApplicationArn"]) {
      delete members[name]?.required;
    }
  }
}
