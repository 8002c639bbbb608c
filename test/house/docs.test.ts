/** The reference pages in docs/ say what the code does, and links between pages lead somewhere. */
import { execFileSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";

const root = join(import.meta.dirname, "../..");

it("has its reference pages written from the code", () => {
  const script = join(root, "scripts/docs.mjs");
  expect(() => execFileSync(process.execPath, [script, "--check"], { stdio: "pipe" })).not.toThrow();
});

it("has no link to a page that is not there", () => {
  const pages = ["README.md", "examples/README.md", ...readdirSync(join(root, "docs")).map((name) => `docs/${name}`)];
  const dead = pages
    .filter((page) => page.endsWith(".md"))
    .flatMap((page) =>
      [...readFileSync(join(root, page), "utf8").matchAll(/\]\((?!https?:|#)([^)#\s]+)/g)]
        .map(([, link = ""]) => join(dirname(page), link))
        .filter((link) => !existsSync(join(root, link)))
        .map((link) => `${page}: ${link}`),
    );
  expect(dead).toEqual([]);
});

it("names no file or folder in ARCHITECTURE.md that is not there", () => {
  const folders = ["src", "protocols", "scripts", "test", "docs"];
  const paths = folders.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" }).map((path) => `/${join(folder, path)}`),
  );
  const page = readFileSync(join(root, "docs/ARCHITECTURE.md"), "utf8");
  const named = [...page.matchAll(/`([\w./-]+(?:\.(?:ts|mjs|json|md)|\/))`/g)].map(([, name = ""]) => name);
  const exists = (name: string) =>
    existsSync(join(root, name)) || paths.some((path) => path.endsWith(`/${name.replace(/\/$/, "")}`));
  expect(named.length).toBeGreaterThan(100);
  expect(named.filter((name) => !exists(name))).toEqual([]);
});

it("has a README of two screens", () => {
  expect(readFileSync(join(root, "README.md"), "utf8").split("\n").length).toBeLessThanOrEqual(120);
});
