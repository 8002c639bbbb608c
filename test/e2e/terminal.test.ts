/** The command on a real terminal (by `script`), where no line may be JSON. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { stripVTControlCharacters } from "node:util";
import { expect, it } from "vitest";
import { cliFile } from "../support/cli.ts";
import { postJson } from "../support/http.ts";

it("every line on a terminal is readable for people", async () => {
  const command = `exec "${process.execPath}" "${cliFile}" --port 0 --log-level info`;
  const terminal = spawn("script", ["-qfec", command, "/dev/null"], { stdio: ["pipe", "pipe", "inherit"] });
  const missing = await Promise.race([
    once(terminal, "spawn").then(() => false),
    once(terminal, "error").then(() => true),
  ]);
  if (missing) {
    console.log("script of util-linux is not installed: no terminal was tried");
    return;
  }
  let text = "";
  terminal.stdout.on("data", (chunk) => {
    text += stripVTControlCharacters(String(chunk)).replaceAll(/\r|\^C/g, "");
  });
  const ended = once(terminal, "close");
  try {
    await expect.poll(() => text, { timeout: 30_000 }).toContain("Ready.\n");
    const endpoint = /export AWS_ENDPOINT_URL=(\S+)/.exec(text)?.[1] ?? "";
    const call = (target: string, input: object) => postJson(endpoint, target, input);
    await call("AmazonSQS.CreateQueue", { QueueName: "orders" });
    await call("AmazonSQS.GetQueueUrl", { QueueName: "none" });
    await call("AWSEvents.PutRule", { Name: "r", EventPattern: '{"source":["shop"]}' });
    const Targets = [{ Id: "t", Arn: "arn:aws:sqs:us-east-1:000000000000:none" }];
    await call("AWSEvents.PutTargets", { Rule: "r", Targets });
    await call("AWSEvents.PutEvents", { Entries: [{ Source: "shop", DetailType: "order", Detail: "{}" }] });
    await expect.poll(() => text, { timeout: 30_000 }).toContain("failed for good");
    // Ctrl+C.
    terminal.stdin.write("\u0003");
    expect(await ended).toEqual([0, null]);
  } finally {
    terminal.kill("SIGKILL");
  }
  const lines = text.split("\n");
  expect(lines.filter((line) => line.includes("{"))).toEqual([]);
  const at = String.raw`^\d\d:\d\d:\d\d\.\d{3} `;
  for (const wanted of [
    "info listening port=\\d+ storage=memory clock=real$",
    String.raw`200 sqs CreateQueue orders \(000000000000 us-east-1, \d+\.\d ms\)$`,
    "400 sqs GetQueueUrl none QueueDoesNotExist ",
    "warn a delivery failed for good .*target=arn:aws:sqs:us-east-1:000000000000:none",
    "info stopping: what is under way is answered first$",
  ]) {
    expect(lines).toContainEqual(expect.stringMatching(at + wanted));
  }
});
