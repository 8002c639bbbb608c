import { awsJson1_0, awsJson1_1 } from "./aws-json.ts";
import { awsQuery } from "./aws-query.ts";
import { awsCbor1_1, rpcv2Cbor } from "./cbor.ts";
import type { Protocol, ProtocolName } from "./protocol.ts";
import { restJson1 } from "./rest-json.ts";

/** Every protocol spoken here, by name. */
export const protocols: Readonly<Record<ProtocolName, Protocol>> = {
  awsJson1_0,
  awsJson1_1,
  awsQuery,
  restJson1,
  rpcv2Cbor,
  awsCbor1_1,
};
