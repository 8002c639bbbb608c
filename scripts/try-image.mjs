/**
 * Builds the image and uses it as its documentation says: size, options, user, health check, a function in Node, a volume
 * through a SIGKILL, signals, hooks, and `docker/compose.yml` where there is a compose command. Arguments go to the build.
 * Needs Docker, or Podman on a machine with systemd, and the registries of the base image and of packages.
 *
 *     node scripts/try-image.mjs [--network host]
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { Lambda, waitUntilFunctionActiveV2 } from "@aws-sdk/client-lambda";
import { SQS } from "@aws-sdk/client-sqs";
import { ZipFile } from "yazl";

const root = fileURLToPath(new URL("..", import.meta.url));
const answers = (command, ...args) => spawnSync(command, args, { stdio: "ignore" }).status === 0;
const engine = ["docker", "podman"].find((name) => answers(name, "info"));
if (engine === undefined) {
  console.log("Neither Docker nor Podman answers here: not run.");
  process.exit();
}
const composes = [["docker", "compose"], ["docker-compose"], ["podman", "compose"]];
const compose = composes.find(
  ([command, ...args]) => command.startsWith(engine) && answers(command, ...args, "version"),
);
const image = "busbar-try";
const scratch = mkdtempSync(join(tmpdir(), "busbar-image-"));
const containers = [];
let failures = 0;

/** Podman's own format has no health checks. */
const env = { ...process.env, BUILDAH_FORMAT: "docker" };

/** What a command says. @throws Error with it when the command fails. */
function say(command, ...args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: root, encoding: "utf8", env });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stdout + stderr}`);
  return stdout.trim();
}
const run = (...args) => say(engine, ...args);

async function check(what, attempt) {
  try {
    await attempt();
    console.log(`ok   ${what}`);
  } catch (error) {
    failures += 1;
    console.log(`FAIL ${what}`, error);
  }
}

function equal(actual, expected) {
  if (actual !== expected) throw new Error(`${actual} is not ${expected}`);
}

/** A running container that says it is healthy, with its port on this machine. */
async function start(...options) {
  const name = `${image}-${process.pid}-${containers.length}`;
  containers.push(name);
  run("run", "--detach", "--init", "--name", name, "--publish", "127.0.0.1::4566", ...options);
  for (let tries = 0; !/^healthy/.test(run("inspect", "--format", "{{.State.Health.Status}}", name)); tries++) {
    if (tries === 300) throw new Error(`not healthy: ${run("logs", name)}`);
    await setTimeout(100);
  }
  const endpoint = `http://${run("port", name, "4566").split("\n")[0]}`;
  const client = {
    endpoint,
    region: "us-east-1",
    credentials: { accessKeyId: "000000000000", secretAccessKey: "any" },
  };
  return { name, client };
}

async function zipOf(file, text) {
  const zip = new ZipFile();
  zip.addBuffer(Buffer.from(text), file);
  zip.end();
  return Buffer.concat(await zip.outputStream.toArray());
}

try {
  await check("the Dockerfile builds", () => run("build", ...process.argv.slice(2), "--tag", image, "."));
  await check("it adds less than 80 MiB to its base", () => {
    const base = /^FROM (\S+)$/m.exec(readFileSync(join(root, "Dockerfile"), "utf8"))[1];
    const [own, bases] = [image, base].map((name) => Number(run("image", "inspect", "--format", "{{.Size}}", name)));
    if (own - bases > 80 * 2 ** 20) throw new Error(`${own - bases} bytes`);
  });
  await check("options follow its name", () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
    equal(run("run", "--rm", image, "--version"), version);
  });

  const first = await start("--volume", `${image}:/data`, image, "--data-dir", "/data");
  await check("runs as node, with no tools to build", () => {
    equal(run("exec", first.name, "id", "-un"), "node");
    equal(run("exec", first.name, "sh", "-c", "command -v gcc make python3 git || echo none"), "none");
  });
  await check("runs functions in Node", async () => {
    const lambda = new Lambda(first.client);
    const ZipFile = await zipOf("index.mjs", "export const handler = async ({ name }) => `hello ${name}`;");
    const Role = "arn:aws:iam::000000000000:role/any";
    const Runtime = "nodejs24.x";
    await lambda.createFunction({ FunctionName: "hello", Role, Runtime, Handler: "index.handler", Code: { ZipFile } });
    await waitUntilFunctionActiveV2({ client: lambda, maxWaitTime: 20, minDelay: 1 }, { FunctionName: "hello" });
    const { Payload } = await lambda.invoke({ FunctionName: "hello", Payload: '{"name":"you"}' });
    equal(Buffer.from(Payload).toString(), '"hello you"');
  });
  await check("keeps what was acknowledged in its volume, though it is killed", async () => {
    const sqs = new SQS(first.client);
    const { QueueUrl } = await sqs.createQueue({ QueueName: "orders" });
    await sqs.sendMessage({ QueueUrl, MessageBody: "kept" });
    run("kill", first.name);
    const second = await start("--volume", `${image}:/data`, image, "--data-dir", "/data");
    const { Messages } = await new SQS(second.client).receiveMessage({ QueueUrl });
    equal(Messages?.[0]?.Body, "kept");
    const began = performance.now();
    run("stop", second.name);
    equal(run("inspect", "--format", "{{.State.ExitCode}}", second.name), "0");
    // An engine kills after ten seconds.
    if (performance.now() - began > 5_000) throw new Error("did not hear SIGTERM");
  });
  await check("runs hooks where LocalStack has them", async () => {
    mkdirSync(join(scratch, "ready.d"));
    writeFileSync(join(scratch, "queues.yaml"), "queues: [{ QueueName: from-a-file }]\n");
    writeFileSync(join(scratch, "ready.d/1.sh"), 'echo "hook at $AWS_ENDPOINT_URL"\n');
    spawnSync("chmod", ["-R", "a+rX", scratch]);
    const third = await start("--volume", `${scratch}:/etc/localstack/init:ro`, image);
    const { QueueUrls } = await new SQS(third.client).listQueues({});
    equal(QueueUrls?.[0]?.split("/").at(-1), "from-a-file");
    if (!/hook at http:\/\/localhost:4566/.test(run("logs", third.name))) throw new Error(run("logs", third.name));
  });
  if (compose === undefined) console.log("No compose command: docker/compose.yml not run.");
  else {
    const [command, ...args] = compose;
    const [file, project] = [join(root, "docker/compose.yml"), ["--project-name", image]];
    await check("docker/compose.yml: the app finds what the init file says (takes port 4566)", () => {
      const up = ["up", "--build", "--abort-on-container-exit", "--exit-code-from", "app"];
      const said = say(command, ...args, "--file", file, ...project, ...up);
      if (!/order 1/.test(said)) throw new Error(said);
    });
    say(command, ...args, "--file", file, ...project, "down", "--volumes", "--rmi", "local");
  }
} finally {
  for (const name of containers) spawnSync(engine, ["rm", "--force", name]);
  spawnSync(engine, ["volume", "rm", image]);
  spawnSync(engine, ["rmi", image]);
  rmSync(scratch, { recursive: true, force: true });
}
console.log(failures === 0 ? "All is well." : `${failures} failed.`);
process.exitCode = failures === 0 ? 0 : 1;
