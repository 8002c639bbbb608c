/** The HTTP parameters of connections. */
import type { ConnectionHttpParameters } from "@aws-sdk/client-eventbridge";

type Pair = readonly [key: string, value: string];

/** The parameters of a connection as pairs; those without a key or value are ignored. */
export function pairsOf(parameters: ConnectionHttpParameters | undefined): {
  headers: Pair[];
  query: Pair[];
  body: Pair[];
} {
  const pairs = (list: { Key?: string | undefined; Value?: string | undefined }[] | undefined): Pair[] =>
    (list ?? []).flatMap(({ Key, Value }) => (Key === undefined || Value === undefined ? [] : [[Key, Value] as const]));
  return {
    headers: pairs(parameters?.HeaderParameters),
    query: pairs(parameters?.QueryStringParameters),
    body: pairs(parameters?.BodyParameters),
  };
}
