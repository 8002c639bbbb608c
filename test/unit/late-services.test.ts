/** Services that are loaded late: what their entries tell of them, and that no request misses one. */
import { describe, expect, it } from "vitest";
import type { WireRequest } from "../../protocols/protocol.ts";
import { Catalog, isLate, nameOf } from "../../src/calls/catalog.ts";
import { Emulator } from "../../src/emulator.ts";
import { catalog } from "../../src/services.ts";

const lateEntries = catalog.entries.filter(isLate);
const everything = catalog.all();

/** All services as they are before the first request, and the names of those loaded since. */
function unloaded(): { catalog: Catalog; loaded: string[] } {
  const loaded: string[] = [];
  const entries = catalog.entries.map((entry) => {
    if (!isLate(entry)) return entry;
    const load = () => {
      loaded.push(entry.name);
      return entry.load();
    };
    return { ...entry, load };
  });
  return { catalog: new Catalog(entries), loaded };
}

function request(path: string, method = "GET", headers: Record<string, string> = {}, body = ""): WireRequest {
  const [bare = "", query = ""] = path.split("?");
  return { method, path: bare, query, headers: { host: "localhost:4566", ...headers }, body: Buffer.from(body) };
}

function signedFor(service: string): Record<string, string> {
  const scope = `000000000000/20260101/us-east-1/${service}/aws4_request`;
  return { authorization: `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0` };
}

/** Who is claimed to have been asked for what, or how it is refused. */
function claimed(asked: WireRequest, by: Catalog): string {
  const found = by.claim(asked);
  return "error" in found
    ? `${found.error.name} of ${found.service?.name ?? found.foreign?.service.name} in ${found.protocol.name}`
    : `${found.service.name}:${found.operation.name} in ${found.protocol.name}`;
}

describe("a late service", () => {
  it.each(lateEntries.map((entry) => [entry.name, entry] as const))("%s is what its entry says", (_name, entry) => {
    const { model, door } = entry.load();
    const { name, signingNames, hostPrefixes, firstSegment } = entry;
    expect([model.protocols, model.targetPrefix]).toEqual([["restJson1"], undefined]);
    expect({ name, signingNames, hostPrefixes, hasDoor: entry.door !== undefined }).toEqual({
      name: model.name,
      signingNames: model.signingNames,
      hostPrefixes: model.hostPrefixes,
      hasDoor: door !== undefined,
    });
    const segments = [...model.operations.values()].map(({ http }) => http?.uri.split(/[/?]/)[1] ?? "none");
    expect(segments.filter((segment) => !firstSegment.test(segment))).toEqual([]);
  });

  it("names its tables after itself, so that rows on the disk have it opened", async () => {
    const emulator = await Emulator.start({ clock: "virtual" });
    for (const { name } of lateEntries) {
      const before = Object.keys(emulator.store.counts());
      emulator.look(name, "nothing", {});
      const opened = Object.keys(emulator.store.counts()).filter((table) => !before.includes(table));
      expect(opened.filter((table) => !table.startsWith(`${name}.`))).toEqual([]);
    }
    await emulator.close();
  });
});

describe("requests that come before anything is loaded", () => {
  /** One for each method and first segment of each service; entries are compared with all above. */
  const operations = everything.flatMap(({ model }) => {
    const byStart = new Map(
      [...model.operations.values()].map((one) => [`${one.http?.method} ${one.http?.uri.split(/[/?]/)[1]}`, one]),
    );
    return [...byStart.values()];
  });
  const requests: [string, WireRequest][] = operations.flatMap(({ name, service, http }) => {
    const { method, uri } = http ?? { method: "POST", uri: "/" };
    const path = uri.replaceAll(/\{[^}]*\}/g, "x");
    return [
      [`${name}, unsigned`, request(path, method)],
      ...service.hostPrefixes.map((prefix): [string, WireRequest] => [
        `${name} to the host ${prefix}`,
        request(path, method, { host: `${prefix}.us-east-1.amazonaws.com` }),
      ]),
      ...service.signingNames.map((signed): [string, WireRequest] => [
        `${name}, signed for ${signed}`,
        request(path, method, signedFor(signed)),
      ]),
    ] as [string, WireRequest][];
  });
  const form = { "content-type": "application/x-www-form-urlencoded" };
  const json = { "content-type": "application/x-amz-json-1.1", "x-amz-target": "Nothing.Nothing" };
  for (const name of ["lambda", "apigateway", "execute-api", "pipes", "s3", "sqs"]) {
    const host = { host: `${name}.localhost.localstack.cloud:4566` };
    for (const [how, headers] of Object.entries({
      signed: signedFor(name),
      host,
      both: { ...signedFor(name), ...host },
    })) {
      requests.push(
        [`nothing for ${name}, ${how}`, request("/nothing", "GET", headers)],
        [
          `a form for ${name}, ${how}`,
          request("/", "POST", { ...form, ...headers }, "Action=Publish&Version=2010-03-31"),
        ],
        [`JSON for ${name}, ${how}`, request("/", "POST", { ...json, ...headers }, "{}")],
        [
          `a presigned ${name}, ${how}`,
          request(`/?X-Amz-Credential=a/20260101/us-east-1/${name}/aws4_request`, "GET", headers),
        ],
        [`a label before ${name}, ${how}`, request("/nothing", "GET", { host: `x.${name}.us-east-1.amazonaws.com` })],
      );
    }
  }

  it("are claimed as they are afterwards", () => {
    // One catalog serves until it has loaded something: its index is not cheap.
    let fresh = unloaded();
    const differing = requests.filter(([, asked]) => {
      if (fresh.loaded.length > 0) fresh = unloaded();
      return claimed(asked, fresh.catalog) !== claimed(asked, catalog);
    });
    expect(differing.map(([what]) => what)).toEqual([]);
    expect(claimed(request("/2015-03-31/functions"), unloaded().catalog)).toBe("lambda:ListFunctions in restJson1");
  });

  it("load no service that they are not for", () => {
    const { catalog: fresh, loaded } = unloaded();
    const lateNames = new Set(lateEntries.map(({ name }) => name));
    for (const { model } of everything) {
      if (lateNames.has(model.name)) continue;
      for (const signed of model.signingNames) fresh.modelsFor(request("/", "POST", signedFor(signed)));
      for (const prefix of model.hostPrefixes) fresh.modelsFor(request("/", "POST", { host: `${prefix}.localhost` }));
    }
    fresh.modelsFor(request("/000000000000/queue", "POST", form, "Action=SendMessage&MessageBody=x"));
    fresh.modelsFor(request("/schedules/x"));
    expect(loaded).toEqual([]);
    fresh.modelsFor(request("/", "POST", signedFor("lambda")));
    fresh.modelsFor(request("/v2/apis"));
    expect(loaded).toEqual(["lambda", "apigatewayv2"]);
    expect(fresh.modelsFor(request("/")).map(({ name }) => name)).toEqual(
      catalog.entries.map(nameOf).filter((name) => !lateNames.has(name) || loaded.includes(name)),
    );
  });
});
