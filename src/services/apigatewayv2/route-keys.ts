/** Route keys: `GET /pets/{id}`, `ANY /{proxy+}`, `$default`; any text for WebSocket APIs. */
import { badRequest } from "./errors.ts";

const methods = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "ANY"];
const webSocketKeys = ["$connect", "$disconnect", "$default"];

/** @throws AwsError BadRequestException if it is not a route key of the protocol. */
export function checkedRouteKey(key: string, protocol: string | undefined): string {
  if (protocol === "WEBSOCKET") {
    if (key === "" || (key.startsWith("$") && !webSocketKeys.includes(key))) {
      throw badRequest(`The provided route key is not formatted properly: ${key}`);
    }
    return key;
  }
  if (key === "$default") return key;
  const match = /^([A-Z]+) (\/.*)$/.exec(key);
  if (match === null || !methods.includes(match[1] as string) || !isPath(match[2] as string)) {
    const format = 'Format should be "<HTTP METHOD> /<RESOURCE PATH>" or "$default"';
    throw badRequest(`The provided route key is not formatted properly for HTTP protocol. ${format}`);
  }
  return key;
}

function isPath(path: string): boolean {
  const segments = path.slice(1).split("/");
  const names = new Set<string>();
  return segments.every((segment, index) => {
    if (!/[{}]/.test(segment)) return !/[\s?#]/.test(segment);
    const variable = /^\{([\w.:-]+)(\+?)\}$/.exec(segment);
    if (variable === null || names.has(variable[1] as string)) return false;
    names.add(variable[1] as string);
    return variable[2] === "" || index === segments.length - 1;
  });
}
