/** The URI of an AWS integration: `arn:aws:apigateway:{region}:{subdomain.}{service}:{path|action}/{service api}`. */
import { functionOf } from "./function-uri.ts";

export type ServiceUri =
  | { readonly kind: "function"; readonly arn: string }
  | {
      readonly kind: "service";
      readonly service: string;
      readonly subdomain: string | undefined;
      readonly region: string;
      /** Undefined for the form `path/…`. */
      readonly action: string | undefined;
      /** Begins with a slash; may contain path parameters, `{name}`. */
      readonly path: string;
      /** Without `?`. */
      readonly query: string;
    };

/** Undefined for any other text. */
export function parseServiceUri(uri: string): ServiceUri | undefined {
  const match = /^arn:[^:]+:apigateway:([^:]*):(?:([^:]+)\.)?([^:.]+):(path|action)\/(.*)$/s.exec(uri);
  if (match === null) return undefined;
  const [, region = "", subdomain, service = "", form, rest = ""] = match;
  if (service === "lambda" && form === "path" && subdomain === undefined) {
    const arn = functionOf(uri);
    if (arn !== undefined) return { kind: "function", arn };
  }
  if (form === "action") {
    const [action = "", ...more] = rest.split(/[&?]/);
    return { kind: "service", service, subdomain, region, action, path: "/", query: more.join("&") };
  }
  const mark = rest.indexOf("?");
  const path = mark < 0 ? rest : rest.slice(0, mark);
  return {
    kind: "service",
    service,
    subdomain,
    region,
    action: undefined,
    path: path.startsWith("/") ? path : `/${path}`,
    query: mark < 0 ? "" : rest.slice(mark + 1),
  };
}
