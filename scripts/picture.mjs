/**
 * Draws the README's picture, `docs/picture.svg`, of a real session: the built command in one terminal, the AWS CLI and curl in
 * another, where a message that did not arrive is asked for its reason. Needs util-linux's `script`, the AWS CLI and jq.
 *
 *     npm run build && node scripts/picture.mjs
 */
import { spawn } from "node:child_process";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const columns = 106;
const prompt = "$ ";
const resources = `queues:
  - QueueName: orders
topics:
  - TopicName: placed
subscriptions:
  - TopicArn: arn:aws:sns:us-east-1:000000000000:placed
    Protocol: sqs
    Endpoint: arn:aws:sqs:us-east-1:000000000000:orders
    FilterPolicyScope: MessageBody
    FilterPolicy: { kind: [book] }
`;
const publish = "aws sns publish --topic-arn arn:aws:sns:us-east-1:000000000000:placed --message";
const commands = [
  "tail -5 shop.yaml",
  `${publish} '{"kind":"toy"}'`,
  "curl -s 'localhost:4566/_busbar/deliveries?status=filtered' | jq '.deliveries[] | {target, reason}'",
];

/** A shell on a terminal of its own, whose every output is kept. */
class Terminal {
  output = "";
  #child;

  constructor(directory, env) {
    this.#child = spawn("script", ["-qfc", "bash --norc --noprofile --noediting -i", "/dev/null"], {
      cwd: directory,
      env,
    });
    this.#child.stdout.on("data", (chunk) => (this.output += chunk));
  }

  /** Types a line and gives what the terminal shows from then on until the text comes. */
  async type(line, until) {
    const before = this.output.length;
    this.#child.stdin.write(`${line}\n`);
    return this.shown(before + line.length, until);
  }

  /** What is shown from a place on, once the text is there. */
  async shown(from, text) {
    for (let turn = 0; turn < 600; turn++) {
      if (this.output.indexOf(text, from) >= 0) {
        await setTimeout(300);
        return this.output.slice(from);
      }
      await setTimeout(50);
    }
    throw new Error(`${text} did not come, only: ${this.output}`);
  }

  async end() {
    this.#child.stdin.write("\u0003");
    await setTimeout(1000);
    this.#child.stdin.end("exit\n");
  }
}

/** The session as a list of what appeared in which of the two terminals, in order. */
async function record() {
  const scratch = mkdtempSync(join(tmpdir(), "busbar-picture-"));
  writeFileSync(join(scratch, "shop.yaml"), resources);
  writeFileSync(join(scratch, "busbar"), `#!/bin/sh\nexec "${process.execPath}" "${root}dist/cli.js" "$@"\n`);
  chmodSync(join(scratch, "busbar"), 0o755);
  const env = {
    ...{ PATH: `${scratch}${delimiter}${process.env.PATH}`, HOME: scratch, TERM: "xterm-256color", PS1: prompt },
    ...{ AWS_ACCESS_KEY_ID: "000000000000", AWS_SECRET_ACCESS_KEY: "busbar", AWS_DEFAULT_REGION: "us-east-1" },
    ...{ AWS_ENDPOINT_URL: "http://localhost:4566", AWS_PAGER: "" },
  };
  const [server, client] = [new Terminal(scratch, env), new Terminal(scratch, env)];
  try {
    for (const terminal of [server, client]) await terminal.type(`stty cols ${columns}; clear`, prompt);
    const events = [];
    const start = "busbar --init shop.yaml --log-level info";
    events.push({ pane: 0, typed: start, text: await server.type(start, "Ready.") });
    for (const command of commands) {
      const before = server.output.length;
      events.push({
        pane: 1,
        typed: command,
        text: (await client.type(command, `\n${prompt}`)).slice(0, -prompt.length),
      });
      events.push({ pane: 0, text: server.output.slice(before) });
    }
    return events;
  } finally {
    await Promise.all([server.end(), client.end()]);
    rmSync(scratch, { recursive: true, force: true });
  }
}

const [charWidth, lineHeight, margin, barHeight] = [7.8, 18, 14, 26];
const width = Math.ceil(columns * charWidth) + 2 * margin;
const colors = {
  ...{ 2: "#8b949e", 31: "#ff7b72", 32: "#7ee787", 33: "#e3b341", 34: "#79c0ff", 39: "#c9d1d9", 90: "#8b949e" },
};
const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");

/** Lines as the terminal wraps them, each a list of texts of one color. */
function linesOf(text) {
  const lines = [];
  let color = colors[39];
  for (const whole of text.replaceAll("\r", "").split("\n")) {
    let [line, length] = [[], 0];
    for (const [part, codes] of whole.matchAll(/\u001b\[([\d;?]*)[a-zA-Z]|[^\u001b]+/g)) {
      if (codes !== undefined) {
        const known = codes.split(";").filter((code) => Object.hasOwn(colors, code));
        color = colors[known.at(-1)] ?? colors[39];
        continue;
      }
      for (let rest = part; rest !== ""; ) {
        const fits = rest.slice(0, columns - length);
        line.push({ color, text: fits });
        rest = rest.slice(fits.length);
        length += fits.length;
        if (rest !== "") {
          lines.push(line);
          [line, length] = [[], 0];
        }
      }
    }
    lines.push(line);
  }
  return lines;
}

function drawn(events) {
  const panes = [[], []];
  let at = 0.5;
  for (const { pane, typed, text } of events) {
    if (typed !== undefined) {
      const line = [
        { color: colors[32], text: prompt },
        { color: "#ffffff", text: typed },
      ];
      panes[pane].push({ line, at, typing: typed.length });
      at += typed.length * 0.03 + 0.5;
    }
    // After what was typed the terminal begins a new line.
    const said = text.replace(/^\r?\n/, "").trimEnd();
    const lines = said === "" ? [] : linesOf(said);
    for (const line of lines) panes[pane].push({ line, at });
    at += 0.25 * lines.length;
  }
  return panes;
}

function lineOf({ line, at, typing }, y) {
  let x = margin;
  const texts = line.map(({ color, text }) => {
    const length = text.length * charWidth;
    const blank = text.trim() === "";
    const element = `<text x="${x.toFixed(1)}" y="${y}" fill="${color}" textLength="${length.toFixed(1)}">${escaped(text)}</text>`;
    x += length;
    return blank ? "" : element;
  });
  const shown = `<g class="l" style="animation-delay:${at.toFixed(2)}s">${texts.join("")}</g>`;
  if (typing === undefined) return shown;
  // What is typed lies under a cover that moves away a letter at a time.
  const duration = `${(typing * 0.03).toFixed(2)}s steps(${typing}) ${at.toFixed(2)}s both`;
  const cover = `<rect x="${margin + Math.ceil(prompt.length * charWidth)}" y="${y - lineHeight + 5}" width="${width}" height="${lineHeight}" fill="#0d1117"`;
  return `${shown}${cover} style="--to:${(typing * charWidth).toFixed(1)}px;animation:t ${duration},h 0s ${(at + typing * 0.03).toFixed(2)}s both"/>`;
}

function svgOf(panes) {
  let y = 0;
  const parts = panes.map((lines, pane) => {
    const title = ["the server", "another terminal"][pane];
    const bar = `<rect y="${y}" width="${width}" height="${barHeight}" fill="#21262d"/><text x="${margin}" y="${y + 17}" fill="#8b949e">${title}</text>`;
    const first = y + barHeight + lineHeight;
    y = first + lines.length * lineHeight;
    return bar + lines.map((line, place) => lineOf(line, first + place * lineHeight)).join("\n");
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${y}" width="${width}" height="${y}" role="img">
<title>Busbar says why a message did not reach a queue</title>
<style>
text{font:13px ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;white-space:pre}
.l{animation:s 0s both}
@keyframes s{from{opacity:0}to{opacity:1}}
@keyframes t{from{transform:none}to{transform:translateX(var(--to))}}
@keyframes h{from{opacity:1}to{opacity:0}}
@media (prefers-reduced-motion:reduce){*{animation:none!important}rect[style]{display:none}}
</style>
<clipPath id="c"><rect width="${width}" height="${y}" rx="8"/></clipPath>
<g clip-path="url(#c)"><rect width="${width}" height="${y}" fill="#0d1117"/>
${parts.join("\n")}
</g></svg>
`;
}

const file = join(root, "docs/picture.svg");
const picture = svgOf(drawn(await record()));
writeFileSync(file, picture);
console.log(`wrote docs/picture.svg, ${Math.ceil(picture.length / 1024)} KiB`);
