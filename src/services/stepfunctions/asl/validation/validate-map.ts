import { isObject, type Json, type JsonObject, maxPayloadBytes, textOf, writeJson } from "../json.ts";
import { expressionIn } from "../jsonata/query.ts";
import { isDistributed, processorOf } from "../machine.ts";
import { numberOf } from "../number-literal.ts";
import { distributedFields } from "../states/state-fields.ts";
import { oneOf } from "./diagnostics.ts";
import { checkNumber, exclusive, required, type StateCheck } from "./state-check.ts";
import { checkPath, checkQuery, checkQueryOr, checkTemplate, integerProblem } from "./validate-values.ts";

const maxLabelLength = 40;
const executionTypes = ["STANDARD", "EXPRESS"];

/** Members of ReaderConfig and WriterConfig that have a fixed set of values. */
const readerChoices = {
  InputType: ["CSV", "JSON", "JSONL", "PARQUET", "MANIFEST"],
  CSVHeaderLocation: ["FIRST_ROW", "GIVEN"],
  CSVDelimiter: ["COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB"],
  Transformation: ["NONE", "LOAD_AND_FLATTEN"],
  ManifestType: ["ATHENA_DATA", "S3_INVENTORY"],
};
const writerChoices = { Transformation: ["NONE", "COMPACT", "FLATTEN"], OutputType: ["JSON", "JSONL"] };

/** Checks an inline or distributed Map state, but not the states inside it. */
export function checkMap(check: StateCheck): void {
  const { diagnostics, fields, language, location, machineType } = check;
  exclusive(check, ["ItemProcessor", "Iterator"]);
  const field = fields["Iterator"] === undefined ? "ItemProcessor" : "Iterator";
  if (processorOf(fields) === undefined && required(check, field)) {
    diagnostics.schema("Expected value of type Object", `${location}/${field}`);
  }
  exclusive(check, ["ItemSelector", "Parameters"]);
  checkNumber(check, "MaxConcurrency", integerProblem(0, Number.MAX_SAFE_INTEGER));
  if (language === "JSONPath" && fields["ItemsPath"] !== undefined) {
    checkPath(diagnostics, fields["ItemsPath"], `${location}/ItemsPath`, { reference: true });
  }
  const items = fields["Items"];
  if (language === "JSONata" && items !== undefined) {
    if (Array.isArray(items) || isObject(items)) checkQuery(diagnostics, items, `${location}/Items`, []);
    else
      checkQueryOr(
        diagnostics,
        items,
        `${location}/Items`,
        () => "Expected an Array, an Object or a JSONata expression",
      );
  }
  checkTemplateField(check, "ItemSelector", fields["ItemSelector"]);
  checkNumber(check, "ToleratedFailureCount", integerProblem(0, Number.MAX_SAFE_INTEGER));
  checkNumber(check, "ToleratedFailurePercentage", percentageProblem);
  if (!isDistributed(fields)) {
    for (const field of distributedFields) {
      if (fields[field] !== undefined) diagnostics.schema(`Field '${field}' is not supported`, location);
    }
    return;
  }
  if (machineType === "EXPRESS") {
    diagnostics.schema(
      "Express state machine does not support Distributed Map",
      `${location}/${field}/ProcessorConfig`,
    );
  }
  const config = processorOf(fields)!["ProcessorConfig"] as JsonObject;
  const at = `${location}/${field}/ProcessorConfig`;
  if (config["ExecutionType"] === undefined) diagnostics.schema("These fields are required: [ExecutionType]", at);
  else if (!executionTypes.includes(textOf(config["ExecutionType"]))) {
    diagnostics.schema(oneOf("ExecutionType", executionTypes), `${at}/ExecutionType`);
  }
  checkDistributed(check);
}

function checkTemplateField(
  { diagnostics, language, location }: StateCheck,
  field: string,
  value: Json | undefined,
): void {
  if (value === undefined) return;
  if (language === "JSONPath") checkTemplate(diagnostics, value, `${location}/${field}`);
  else checkQuery(diagnostics, value, `${location}/${field}`, []);
}

/**
 * A ResultWriter formats results, exports them, or both (Step Functions, ResultWriter, required field combinations).
 */
function checkWriter(check: StateCheck, parameters: string): void {
  const { diagnostics, fields, location } = check;
  if (fields["Resource"] !== undefined) required(check, parameters);
  else if (fields["WriterConfig"] === undefined) {
    diagnostics.schema("At least one of these fields is required: [WriterConfig, Resource]", location);
  }
}

function checkChoices(
  { diagnostics, language, location }: StateCheck,
  field: string,
  config: Json | undefined,
  choices: Readonly<Record<string, readonly string[]>>,
): void {
  if (!isObject(config)) return;
  for (const [name, values] of Object.entries(choices)) {
    const value = config[name];
    if (value === undefined || (language === "JSONata" && expressionIn(value) !== undefined)) continue;
    if (typeof value === "string" && values.includes(value)) continue;
    diagnostics.schema(oneOf(name, values), `${location}/${field}/${name}`);
  }
}

function percentageProblem(value: Json): string | undefined {
  const percent = numberOf(value) ?? -1;
  return percent >= 0 && percent <= 100 ? undefined : "Value must be between 0 and 100";
}

function checkDistributed(check: StateCheck): void {
  const { diagnostics, fields, language, location } = check;
  const label = fields["Label"];
  if (label !== undefined) {
    const valid = typeof label === "string" && label !== "" && label.length <= maxLabelLength;
    if (!valid || /[\s<>{}[\]?*"#%\\^|~`$&,;:/\u0000-\u001f\u007f-\u009f]/.test(label)) {
      diagnostics.error("INVALID_LABEL_NAME", `Invalid label name: ${writeJson(label)}`, `${location}/Label`);
    }
  }
  const parameters = language === "JSONPath" ? "Parameters" : "Arguments";
  for (const field of ["ItemReader", "ResultWriter"]) {
    const value = fields[field];
    if (value === undefined) continue;
    if (!isObject(value)) {
      diagnostics.schema("Expected value of type Object", `${location}/${field}`);
      continue;
    }
    if (field === "ItemReader" && typeof value["Resource"] !== "string") {
      diagnostics.schema("The field 'Resource' is required but was missing.", `${location}/${field}`);
    }
    if (field === "ResultWriter")
      checkWriter({ ...check, fields: value, location: `${location}/${field}` }, parameters);
    checkTemplateField(check, `${field}/${parameters}`, value[parameters]);
    const config = value["ReaderConfig"];
    checkChoices(check, `${field}/ReaderConfig`, config, readerChoices);
    checkChoices(check, `${field}/WriterConfig`, value["WriterConfig"], writerChoices);
    if (language === "JSONata") checkTemplateField(check, `${field}/ReaderConfig`, config);
    else if (isObject(config)) {
      checkNumber(
        { ...check, fields: config, location: `${location}/${field}/ReaderConfig` },
        "MaxItems",
        integerProblem(0, Number.MAX_SAFE_INTEGER),
      );
    }
  }
  const batcher = fields["ItemBatcher"];
  if (batcher === undefined) return;
  if (!isObject(batcher)) {
    diagnostics.schema("Expected value of type Object", `${location}/ItemBatcher`);
    return;
  }
  const inner = { ...check, fields: batcher, location: `${location}/ItemBatcher` };
  checkNumber(inner, "MaxItemsPerBatch", integerProblem(1, Number.MAX_SAFE_INTEGER));
  checkNumber(inner, "MaxInputBytesPerBatch", integerProblem(1, maxPayloadBytes));
  checkTemplateField(check, "ItemBatcher/BatchInput", batcher["BatchInput"]);
  if (!Object.keys(batcher).some((key) => key.startsWith("Max"))) {
    diagnostics.schema(
      "At least one of these fields is required: [MaxItemsPerBatch, MaxInputBytesPerBatch]",
      inner.location,
    );
  }
}
