/** What a browser shows at the server's address. */
import { escapeXml } from "../../protocols/xml.ts";
import type { DoorAnswer, DoorRequest } from "../calls/door.ts";
import { defaultAccount } from "../calls/identity.ts";
import type { ServiceCoverage } from "../calls/service.ts";

export interface WelcomingEmulator {
  readonly version: string;
  readonly coverage: readonly ServiceCoverage[];
}

const routes = [
  ["/_busbar/health", "what runs here"],
  ["/_busbar/requests", "what was asked, and how it was answered"],
  ["/_busbar/deliveries", "what was pushed, and why a message did not arrive"],
  ["/_busbar/events", "events and the rules they matched"],
  ["/_busbar/logs", "what was written to log groups"],
  ["/_busbar/mailbox", "SMS, email and push messages that were sent"],
  ["/_busbar/state", "rows per table"],
] as const;

/** Only browsers ask for HTML; for any other client `GET /` is a call without a name. */
export function isVisit({ method, path, query, headers }: DoorRequest): boolean {
  return method === "GET" && path === "/" && query === "" && String(headers["accept"]).includes("text/html");
}

export function welcome(emulator: WelcomingEmulator, request: DoorRequest, answer: DoorAnswer): void {
  const headers = { "content-type": "text/html; charset=utf-8" };
  answer.send(200, headers, page(emulator, `${request.scheme}://${request.host}`));
}

function page({ version, coverage }: WelcomingEmulator, endpoint: string): string {
  const services = coverage.map(({ service, operations }) => `<li>${service}: ${operations} operations</li>`).join("");
  const links = routes.map(([path, text]) => `<li><a href="${path}">${path}</a>: ${text}</li>`).join("");
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Busbar</title>
<style>body{font:16px/1.5 system-ui;max-width:42em;margin:3em auto;padding:0 1em}:root{color-scheme:light dark}pre{background:#8882;padding:.5em;font-size:12.5px;overflow-x:auto}</style>
<h1>Busbar ${version}</h1>
<p>AWS application integration on your own machine. Point any AWS client here:</p>
<pre>export AWS_ENDPOINT_URL=${escapeXml(endpoint)} AWS_DISABLE_HOST_PREFIX_INJECTION=true
export AWS_ACCESS_KEY_ID=${defaultAccount} AWS_SECRET_ACCESS_KEY=any
export AWS_REGION=us-east-1 AWS_DEFAULT_REGION=us-east-1</pre>
<h2>Look inside</h2><ul>${links}</ul>
<h2>Services</h2><ul>${services}</ul></html>
`;
}
