/** Shell scripts as hooks: their AWS CLI, and `awslocal`, talk to this server. */
import { mkdirSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { ProcessEnd, Processes } from "../engine/processes.ts";
import { clearInterval, setInterval } from "../engine/real-time.ts";
import { isOnPath } from "../functions/runtime/requirements.ts";

export interface ScriptEnvironment {
  /** `http://localhost:4566` */
  readonly endpoint: string;
  readonly account: string;
  readonly region: string;
}

/**
 * `aws` and `awslocal`: the AWS CLI with our endpoint, even for versions that do not read AWS_ENDPOINT_URL (before 2.13, and
 * version 1 for SQS) and would call AWS itself. Who has set endpoints of services has a version that reads them.
 */
const awsCli = `#!/bin/sh
here=$(dirname "$0"):
PATH=\${PATH%%"$here"*}\${PATH#*"$here"}
command -v aws >/dev/null || {
  echo "awslocal: there is no aws on the PATH. Install the AWS CLI, or write resources into a busbar.yaml." >&2
  exit 127
}
case "\${0##*/} $(env)" in "aws "*AWS_ENDPOINT_URL_*) exec aws "$@" ;; esac
exec aws \${AWS_ENDPOINT_URL:+--endpoint-url "$AWS_ENDPOINT_URL"} "$@"
`;

/** Runs a script, which need not be executable. */
export function runScript(
  file: string,
  processes: Processes,
  { endpoint, account, region }: ScriptEnvironment,
): Promise<ProcessEnd> {
  const { host, hostname, port } = new URL(endpoint);
  const env: Record<string, string> = {
    AWS_ACCESS_KEY_ID: account,
    AWS_SECRET_ACCESS_KEY: "busbar",
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_PAGER: "",
    AWS_ENDPOINT_URL: endpoint,
    // No `sync-` in front of our host name, which would not resolve.
    AWS_DISABLE_HOST_PREFIX_INJECTION: "true",
    LOCALSTACK_HOST: host,
    LOCALSTACK_HOSTNAME: hostname,
    EDGE_PORT: port,
  };
  const own = { ...(process.env as Record<string, string>), ...env };
  // Nothing else keeps this process alive before the server listens.
  const alive = setInterval(() => {}, 60_000);
  const { ended } = processes.start({
    command: "/bin/sh",
    args: [
      "-c",
      '[ -x "$1" ] && exec "$1"; read -r first <"$1"; case $first in "#!"*bash*) exec bash "$1";; *) exec sh "$1";; esac',
      "busbar",
      file,
    ],
    env: { ...own, PATH: [shims(processes), own["PATH"] ?? ""].join(delimiter) },
    directory: dirname(file),
    onOutput: (chunk) => process.stdout.write(chunk),
  });
  return ended.finally(() => clearInterval(alive));
}

/** The directory with `awslocal`, and `aws` where there is one, created at the first call. */
function shims(processes: Processes): string {
  const directory = join(processes.scratch, "bin");
  mkdirSync(directory, { recursive: true });
  for (const name of isOnPath("aws") ? ["aws", "awslocal"] : ["awslocal"]) {
    writeFileSync(join(directory, name), awsCli, { mode: 0o755 });
  }
  return directory;
}
