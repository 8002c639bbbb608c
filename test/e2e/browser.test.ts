/** What pages can do in a real browser: Debian's Chromium, if it is installed. */
import { existsSync } from "node:fs";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { type Busbar, createBusbar } from "../../src/index.ts";
import { webServer } from "../support/web-server.ts";

const executablePath = "/usr/bin/chromium";
/** Names that resolve to this machine only in this browser, as an attacker's name server would resolve them. */
const foreignHost = "evil.example";

let bus: Busbar;
let pages: Awaited<ReturnType<typeof webServer>>;
let browser: Browser;

const installed = existsSync(executablePath);
if (!installed) console.log("Chromium is not installed (apt-get install chromium): nothing is tested with a browser.");

beforeAll(async () => {
  bus = await createBusbar();
  pages = await webServer(() => ({ headers: { "content-type": "text/html" }, body: "<title>page</title>" }));
  if (!installed) return;
  browser = await chromium.launch({
    executablePath,
    args: [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"],
      ...["--disable-background-networking", "--disable-component-update"],
      // The test is about what Busbar refuses, not what a new browser refuses by itself.
      "--disable-features=LocalNetworkAccessChecks,BlockInsecurePrivateNetworkRequests",
      `--host-resolver-rules=MAP ${foreignHost} 127.0.0.1`,
    ],
  });
});
afterAll(async () => {
  await browser?.close();
  await bus.close();
  await pages.close();
});

async function pageAt(host: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(`http://${host}:${new URL(pages.url).port}/`);
  return page;
}

interface Sent {
  readonly url: string;
  readonly method?: string;
  readonly type?: string;
  readonly body?: string;
  readonly mode?: "cors" | "no-cors";
}

/** What a page's script sees: the status, or the browser's error. */
function fetchFrom(page: Page, sent: Sent): Promise<string> {
  return page.evaluate(async ({ url, method = "POST", type = "text/plain", body, mode = "cors" }) => {
    try {
      const init = { method, mode, headers: { "content-type": type }, ...(body === undefined ? {} : { body }) };
      const answer = await fetch(url, init as RequestInit);
      return `${answer.type} ${answer.status}`;
    } catch (error) {
      return (error as Error).name;
    }
  }, sent);
}

const queueNames = () =>
  bus.requests().filter(({ operation, status }) => operation === "CreateQueue" && status === 200);
const createQueue = "Action=CreateQueue&QueueName=forged&Version=2012-11-05";

it("does not let a foreign page do anything", async () => {
  if (!installed) return expect(existsSync(executablePath)).toBe(false);
  const page = await pageAt(foreignHost);
  const reset = `${bus.endpoint}/_busbar/reset`;
  const form = "application/x-www-form-urlencoded";
  expect(await fetchFrom(page, { url: reset, body: "{}" })).toBe("TypeError");
  expect(await fetchFrom(page, { url: reset, type: "application/json", body: "{}" })).toBe("TypeError");
  // Requests without a preflight arrive, but have no effect.
  expect(await fetchFrom(page, { url: reset, body: "{}", mode: "no-cors" })).toBe("opaque 0");
  await fetchFrom(page, { url: bus.endpoint, type: form, body: createQueue, mode: "no-cors" });
  await fetchFrom(page, { url: `${bus.endpoint}/?${createQueue}`, method: "GET", mode: "no-cors" });
  const forged = JSON.stringify(`${bus.endpoint}/?${createQueue}`);
  await page.evaluate(`new Promise((done) => {
    const image = new Image();
    image.onload = image.onerror = done;
    image.src = ${forged};
  })`);
  await page.evaluate(`new Promise((done) => {
    const frame = document.body.appendChild(document.createElement("iframe"));
    frame.addEventListener("load", done);
    frame.src = ${forged};
  })`);
  // A page may navigate to any address, so links, redirects and forms reach more than scripts.
  await Promise.all([page.waitForNavigation(), page.evaluate(`void (location.href = ${forged})`)]);
  expect(await page.textContent("body")).toContain("--cors-origin");
  expect(queueNames()).toEqual([]);
  await page.close();
});

it("keeps out a page whose host name was changed to resolve to this machine", async () => {
  if (!installed) return expect(existsSync(executablePath)).toBe(false);
  const page = await browser.newPage();
  const answer = await page.goto(`http://${foreignHost}:${new URL(bus.endpoint).port}/_busbar/health`);
  expect(answer?.status()).toBe(403);
  // To the browser this is the same site, so only the name differs.
  const own = await fetchFrom(page, { url: "/_busbar/reset", type: "application/json", body: "{}" });
  expect(own).toBe("basic 403");
  await page.close();
});

it("lets pages of this machine make calls and read the responses", async () => {
  if (!installed) return expect(existsSync(executablePath)).toBe(false);
  const page = await pageAt("localhost");
  const form = "application/x-www-form-urlencoded";
  expect(await fetchFrom(page, { url: bus.endpoint, type: form, body: createQueue })).toBe("cors 200");
  const reset = { url: `${bus.endpoint}/_busbar/reset`, type: "application/json", body: "{}" };
  expect(queueNames()).toHaveLength(1);
  expect(await fetchFrom(page, reset)).toBe("cors 200");
  await page.close();
});
