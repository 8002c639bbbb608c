/** Templates of WebSocket integrations, chosen by selection expressions. */

import { getOwn } from "../../../../../protocols/unknown-json.ts";
import { MappingTemplate, Overrides } from "../../../../apis/vtl/template.ts";
import { expression, expressionText, type Sources } from "../expressions.ts";
import { type ConnectionEvent, requestContext } from "./events.ts";

const templates = new Map<string, MappingTemplate>();
const maxTemplates = 1000;

/** The template for the selected key, or for `$default`; undefined if there is neither. */
export function chosenTemplate(
  templatesByKey: Readonly<Record<string, string>> | undefined,
  selection: string | undefined,
  sources: Sources,
): string | undefined {
  if (templatesByKey === undefined) return undefined;
  const key = selection === undefined ? "$default" : expressionText(expression(selection)(sources));
  if (Object.hasOwn(templatesByKey, key)) return templatesByKey[key];
  return getOwn(templatesByKey, "$default");
}

/** @throws TemplateError, BodyNotJson */
export function rendered(text: string, body: string, event: ConnectionEvent): string {
  let template = templates.get(text);
  if (template === undefined) {
    if (templates.size >= maxTemplates) templates.clear();
    templates.set(text, (template = new MappingTemplate(text)));
  }
  const { headers = {}, query = {} } = event.request ?? {};
  const querystring = Object.fromEntries(Object.entries(query).map(([name, values]) => [name, values.at(-1) ?? ""]));
  return template.render({
    body,
    params: { path: {}, querystring, header: headers },
    context: requestContext(event),
    stageVariables: event.stageVariables,
    overrides: new Overrides(),
  });
}
