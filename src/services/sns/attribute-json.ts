/** Attributes whose value is a JSON object. */
import { jsonObject } from "../../../protocols/unknown-json.ts";
import { JsonReadError, leadingJson } from "../../events/pattern/index.ts";
import { AttributeFault } from "./errors.ts";

/** @throws AttributeFault with the message of AWS's parser for a text that is not JSON. */
export function parsedObject(name: string, text: string): Readonly<Record<string, unknown>> {
  let json: string;
  try {
    json = leadingJson(text);
  } catch (error) {
    if (error instanceof JsonReadError) throw new AttributeFault(`${name}: failed to parse JSON. ${error.message}`);
    throw error;
  }
  const policy = jsonObject(json);
  if (policy === undefined) throw new AttributeFault(`${name}: failed to parse JSON.`);
  return policy;
}
