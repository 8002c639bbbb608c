/** SdkHttpMetadata and SdkResponseMetadata, which optimized integrations add to their results. */
import { javaHashOrder } from "../../asl/java-values.ts";
import { type JsonObject, writeJson } from "../../asl/json.ts";
import type { Optimized } from "./service-names.ts";

/** The result with its metadata, with keys in alphabetical order. */
export function withMetadata(
  result: JsonObject,
  call: {
    readonly requestId: string;
    readonly integration: Pick<Optimized, "contentType" | "connection"> | undefined;
    readonly nowMs: number;
    /** Bytes of the service's response, if it is not as long as the result. */
    readonly length?: number | undefined;
    readonly more?: JsonObject;
  },
): JsonObject {
  const { contentType = "", connection = "connection" } = call.integration ?? {};
  const headers: JsonObject = {
    ...(connection === "none" ? {} : { [connection]: "keep-alive" }),
    "Content-Length": String(call.length ?? Buffer.byteLength(writeJson(result))),
    "Content-Type": contentType,
    Date: new Date(call.nowMs).toUTCString(),
    ...call.more,
    "x-amzn-RequestId": call.requestId,
  };
  const names = Object.keys(headers);
  const sorted = [...names].sort((a, b) => (a.toLowerCase() < b.toLowerCase() ? -1 : 1));
  const whole: JsonObject = {
    ...result,
    SdkHttpMetadata: {
      AllHttpHeaders: Object.fromEntries(javaHashOrder(names).map((name) => [name, [headers[name] as string]])),
      HttpHeaders: Object.fromEntries(sorted.map((name) => [name, headers[name] as string])),
      HttpStatusCode: 200,
    },
    SdkResponseMetadata: { RequestId: call.requestId },
  };
  return Object.fromEntries(Object.entries(whole).sort(([a], [b]) => (a < b ? -1 : 1)));
}
