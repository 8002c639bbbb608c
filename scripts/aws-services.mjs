/**
 * Writes `protocols/aws-services.ts`, the names of all services of AWS and how each is spoken to, from a folder of AWS
 * service descriptions (`service-2.json`, zipped or not). Run by hand when AWS has new ones:
 *
 *     node scripts/aws-services.mjs <folder of descriptions>
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

const folder = process.argv[2];
const FORMS = { query: "query", ec2: "ec2", "rest-xml": "rest-xml", "rest-json": "rest-json" };

/** The latest description of a service. */
function latest(service) {
  const version = readdirSync(join(folder, service))
    .filter((name) => /^\d/.test(name))
    .sort()
    .at(-1);
  const files = version === undefined ? [] : readdirSync(join(folder, service, version));
  const file = files.find((name) => name.startsWith("service-2.json"));
  if (file === undefined) return undefined;
  const bytes = readFileSync(join(folder, service, version, file));
  return JSON.parse(file.endsWith(".gz") ? gunzipSync(bytes) : bytes).metadata;
}

const services = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
const lines = services
  .map(({ name }) => latest(name))
  .filter((metadata) => metadata !== undefined)
  .map((metadata) => {
    const { serviceId, endpointPrefix: host, signingName = host, targetPrefix = "" } = metadata;
    const protocol = serviceId === "S3" ? "s3" : (FORMS[metadata.protocol] ?? `json-${metadata.jsonVersion ?? "1.0"}`);
    const label = host.split(".").at(-1) === signingName ? "=" : host;
    return [serviceId.toUpperCase().replaceAll(/[ -]/g, "_"), protocol, signingName, label, targetPrefix]
      .join(" ")
      .trim();
  });

writeFileSync(
  new URL("../protocols/aws-services.ts", import.meta.url),
  `/** Written by scripts/aws-services.mjs: name in \`AWS_ENDPOINT_URL_<NAME>\`, protocol, signing name, host ("=" the same), \`X-Amz-Target\`. */
export const awsServices = \`
${[...new Set(lines)].sort().join("\n")}
\`;
`,
);
