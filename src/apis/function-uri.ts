/** Which function the URI of an integration or authorizer refers to. */
import { parseArn } from "../calls/arn.ts";

const invocations =
  /^arn:[^:]+:apigateway:[^:]*:lambda:path\/{1,2}(?:2015-03-31\/functions\/(.+)\/invocations|2021-11-15\/functions\/(.+)\/response-streaming-invocations)$/;

/**
 * The ARN in `arn:aws:apigateway:{region}:lambda:path/2015-03-31/functions/{ARN}/invocations`, or in its variant for
 * streamed responses; the text itself if it is a function's ARN; undefined for anything else.
 */
export function functionOf(uri: string): string | undefined {
  const [, invoked, streamed] = invocations.exec(uri) ?? [];
  const named = invoked ?? streamed;
  if (named !== undefined) return named;
  return /^arn:[^:]+:lambda:[^:]*:[^:]*:function:.+/.test(uri) ? uri : undefined;
}

export type FunctionIn = (stageVariables: Readonly<Record<string, string>>) => string | undefined;

/** `functionOf` for a URI that may name stage variables; read once if it names none. */
export function functionIn(uri: string): FunctionIn {
  if (uri.includes(variableStart)) return (variables) => functionOf(withStageVariables(uri, variables));
  const arn = functionOf(uri);
  return () => arn;
}

/** The URL at which a function is invoked, as execution logs show it. */
export function invocationUrl(arn: string): string {
  return `https://lambda.${parseArn(arn)?.region}.amazonaws.com/2015-03-31/functions/${arn}/invocations`;
}

const variableStart = "${stageVariables.";

/** Replaces each `${stageVariables.name}` by the stage's value, or by nothing if it has none. */
export function withStageVariables(text: string, variables: Readonly<Record<string, string>>): string {
  if (!text.includes(variableStart)) return text;
  return text.replace(/\$\{stageVariables\.([A-Za-z0-9_]+)\}/g, (_all, name: string) =>
    Object.hasOwn(variables, name) ? (variables[name] as string) : "",
  );
}
