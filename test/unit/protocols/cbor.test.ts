import { encode } from "cbor-x";
import { describe, expect, it } from "vitest";
import type { Blob64 } from "../../../protocols/blob.ts";
import { awsCbor1_1, rpcv2Cbor } from "../../../protocols/cbor.ts";
import { CborWriter, readCbor } from "../../../protocols/cbor-bytes.ts";
import { AwsError } from "../../../protocols/error.ts";
import { serviceNamed } from "../../support/service-models.ts";
import { codec, failureOf, REQUEST_ID, request } from "../../support/wire.ts";

const bytes = (hex: string) => Buffer.from(hex.replaceAll(" ", ""), "hex");

describe("CBOR bytes", () => {
  // Appendix A of RFC 8949.
  it.each<[string, unknown]>([
    ["00", 0],
    ["1864", 100],
    ["1b000000e8d4a51000", 1_000_000_000_000],
    ["20", -1],
    ["3903e7", -1000],
    ["f93c00", 1],
    ["f90001", 2 ** -24],
    ["f9c400", -4],
    ["f97c00", Number.POSITIVE_INFINITY],
    ["fa47c35000", 100_000],
    ["fb3ff199999999999a", 1.1],
    ["f4", false],
    ["f5", true],
    ["f6", null],
    ["f7", null],
    ["6449455446", "IETF"],
    ["62c3bc", "ü"],
    ["83010203", [1, 2, 3]],
    ["9f018202039f0405ffff", [1, [2, 3], [4, 5]]],
    ["7f657374726561646d696e67ff", "streaming"],
    ["c074323031332d30332d32315432303a30343a30305a", "2013-03-21T20:04:00Z"],
  ])("reads %s", (hex, value) => {
    expect(readCbor(bytes(hex))).toEqual(value);
  });

  it.each([
    ["an array that declares 2^32 items", "9b0000000100000000"],
    ["an array that declares 2^31 items", "9a80000000"],
    ["a map that declares 2^32 entries", "bb0000000100000000"],
    ["a string longer than the bytes", "7affffffff61"],
    ["bytes longer than there are", "5bffffffffffffffff"],
    ["a break where there is nothing to end", "ff"],
    ["a break in a definite array", "8201ff"],
    ["a key that is no text", "a10102"],
    ["bytes after the end", "0000"],
    ["reserved lengths", "1c"],
    ["an indefinite integer", "1f"],
    ["text that is not UTF-8", "61ff"],
    ["a text tagged as a time", "c16161"],
    ["depth without end", "81".repeat(100_000)],
    ["tags without end", "c1".repeat(100_000)],
    ["nothing", ""],
  ])("refuses %s", (_name, hex) => {
    expect(failureOf(() => readCbor(bytes(hex)))).toMatchObject({ name: "SerializationException" });
  });

  it("writes what another library reads alike", () => {
    for (const value of [0, 23, 24, 255, 256, 65_536, 4_294_967_296, -1, -256, 1.5, -0.25]) {
      const writer = new CborWriter();
      writer.number(value);
      expect(readCbor(Buffer.from(writer.finish()))).toBe(value);
    }
    expect(readCbor(Buffer.from(encode(["a", 1, 2.5, true])))).toEqual(["a", 1, 2.5, true]);
  });
});

describe("CBOR protocols", () => {
  const iterator = codec("awsCbor1_1", "kinesis", "GetShardIterator");

  it("reads Java's indefinite maps and milliseconds", () => {
    // {_ "ShardId": "s", "Timestamp": 1(1545084650987)}
    const body = bytes("bf 67 53686172644964 61 73 69 54696d657374616d70 c1 1b 00000167be2e59eb ff");
    expect(iterator.decode(request({ body }))).toEqual({ ShardId: "s", Timestamp: new Date(0x167be2e59eb) });
  });

  it("reads blobs as bytes and refuses text for them", () => {
    const put = codec("awsCbor1_1", "kinesis", "PutRecord");
    const { Data } = put.decode(request({ body: bytes("a1 64 44617461 43 010203") }));
    expect((Data as Blob64).base64).toBe("AQID");
    const error = failureOf(() => put.decode(request({ body: bytes("a1 64 44617461 63 414243") })));
    expect(error.message).toBe("STRING_VALUE can not be converted to a Blob");
  });

  it("answers in kind", () => {
    const { headers } = codec("rpcv2Cbor", "sqs", "ListQueues").encode({}, REQUEST_ID, request({}));
    expect(headers).toMatchObject({ "content-type": "application/cbor", "smithy-protocol": "rpc-v2-cbor" });
    const error = AwsError.unmodeled({
      name: "ResourceNotFoundException",
      message: "No",
      namespace: "com.amazonaws.kinesis",
    });
    const body = (answer: { body: unknown }) => readCbor(Buffer.from(answer.body as Uint8Array));
    expect(body(awsCbor1_1.encodeError(error, REQUEST_ID, serviceNamed("kinesis"), request({})))).toEqual(
      new Map([
        ["__type", "ResourceNotFoundException"],
        ["message", "No"],
      ]),
    );
    expect(body(rpcv2Cbor.encodeError(error, REQUEST_ID, serviceNamed("kinesis"), request({})))).toEqual(
      new Map([
        ["__type", "com.amazonaws.kinesis#ResourceNotFoundException"],
        ["message", "No"],
      ]),
    );
  });
});
