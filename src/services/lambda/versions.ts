/** PublishVersion and ListVersionsByFunction. */
import { createHash } from "node:crypto";
import {
  ListVersionsByFunction$,
  type ListVersionsByFunctionCommand,
  PublishVersion$,
  type PublishVersionCommand,
} from "@aws-sdk/client-lambda";
import { takePage } from "../../calls/page.ts";
import { invalidParameter } from "./errors.ts";
import { type Lambda, operation } from "./lambda.ts";
import { nextMarker, pageSize, positionIn } from "./pages.ts";
import { configurationOf } from "./shown.ts";
import { type FunctionRow, latest, type VersionRow } from "./tables.ts";

export const publishVersion = operation<PublishVersionCommand>(PublishVersion$, (input, context) => {
  const { service } = context;
  const { row } = service.functionNamed(input.FunctionName, undefined, context);
  const current = service.latestOf(row);
  service.checkRevision(input.RevisionId, current);
  service.checkIdle(current);
  const { CodeSha256: given } = input;
  const own = current.code.sha256;
  if (given !== undefined && given !== "" && given !== own) {
    throw invalidParameter(
      `CodeSHA256 (${given}) is different from current CodeSHA256 in $LATEST (${own}). Please try again with the CodeSHA256 in $LATEST.`,
    );
  }
  return configurationOf(publish(service, row, current, { description: input.Description }));
});

export const listVersionsByFunction = operation<ListVersionsByFunctionCommand>(
  ListVersionsByFunction$,
  (input, context) => {
    const { service } = context;
    const { row } = service.functionNamed(input.FunctionName, undefined, context);
    const after = positionIn(input.Marker)?.[0];
    const rows = service.versions.by.number.range(row.arn, after === undefined ? {} : { gt: Number(after) });
    const { items, more } = takePage(rows, pageSize(input.MaxItems));
    const last = items.at(-1);
    return {
      Versions: items.map((version) => configurationOf(version, { isListed: true })),
      NextMarker: nextMarker(more, last && [last.version === latest ? 0 : Number(last.version)]),
    };
  },
);

/** Publishes `$LATEST` as a new version, or returns the last one if nothing has changed since. Inside a transaction. */
export function publish(
  service: Lambda,
  row: FunctionRow,
  current: VersionRow,
  { description }: { readonly description?: string | undefined },
): VersionRow {
  const fingerprint = fingerprintOf(current);
  const last = row.lastVersion === 0 ? undefined : service.versions.get(`${row.arn}:${row.lastVersion}`);
  if (last?.fingerprint === fingerprint) return last;
  const version = String(row.lastVersion + 1);
  service.functions.put({ ...row, lastVersion: row.lastVersion + 1 });
  const published: VersionRow = {
    ...current,
    arn: `${row.arn}:${version}`,
    version,
    fingerprint,
    revisionId: service.newRevision(),
    ...(description === undefined ? {} : { settings: { ...current.settings, Description: description } }),
  };
  service.putVersion(published);
  service.versions.put({ ...current, revisionId: service.newRevision() });
  return published;
}

function fingerprintOf({ settings, code, layers }: VersionRow): string {
  const text = JSON.stringify([settings, code.sha256, layers]);
  return createHash("sha256").update(text).digest("base64");
}
