/** Zips of users: names and links that lead out of their directory, and what is larger than it says is refused. */
import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ZipFile } from "yazl";
import { unzip, unzippedSize } from "../../../src/services/lambda/zips.ts";
import { zipOf } from "../../support/lambda.ts";

const refused = {
  name: "InvalidParameterValueException",
  message: expect.stringMatching(/^Could not unzip/) as string,
};

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "busbar-zips-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function bytesOf(zip: ZipFile): Promise<Buffer> {
  zip.end();
  const chunks: Buffer[] = [];
  for await (const chunk of zip.outputStream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** A zip whose names of the same length are put in afterwards: its writer would refuse them. */
async function named(name: string): Promise<Buffer> {
  const placeholder = "x".repeat(name.length);
  const zip = await zipOf({ [placeholder]: "out" });
  return Buffer.from(zip.toString("latin1").replaceAll(placeholder, name), "latin1");
}

describe("zips", () => {
  it("are unpacked with their directories and executable files", async () => {
    const zip = await zipOf({ "a/b.txt": "text", "run*": "#!/bin/sh" });
    expect(await unzippedSize(zip)).toBe(13);
    const home = join(directory, "plain");
    await unzip(zip, home);
    expect(await readFile(join(home, "a/b.txt"), "utf8")).toBe("text");
    expect((await stat(join(home, "run"))).mode & 0o111).not.toBe(0);
    expect((await stat(join(home, "a/b.txt"))).mode & 0o111).toBe(0);
  });

  it.each(["../outside", "/absolute", "a/../../outside", "..\\outside", "C:/windows"])(
    "refuse the name %s",
    async (name) => {
      const zip = await named(name);
      await expect(unzippedSize(zip)).rejects.toMatchObject(refused);
      const home = join(directory, "slip", "home");
      await expect(unzip(zip, home)).rejects.toMatchObject(refused);
      expect(existsSync(join(directory, "slip", "outside"))).toBe(false);
    },
  );

  it.each<[number, string, string]>([
    [0o020666, "device", ""],
    [0o010666, "pipe", ""],
    [0o120777, "link", "/etc/passwd"],
    [0o120777, "link", "../outside"],
    [0o120777, "a/link", "../../outside"],
    [0o120777, "link", ".."],
    [0o120777, "link", ""],
    [0o120777, "link", "nul\0"],
    // Through another link `..` leads elsewhere than it reads.
    [0o120777, "link", "a/b/../../c"],
    [0o120777, "a/link", "../b/.."],
    // Three dots are a name.
    [0o120777, "a/link", ".../../c"],
    [0o120777, "a/link", "./.../x/../y"],
    [0o120777, "link", "x".repeat(5000)],
  ])("refuse entries of mode %o such as %s to %s", async (mode, name, target) => {
    const zip = new ZipFile();
    zip.addBuffer(Buffer.from(target), name, { mode });
    const bytes = await bytesOf(zip);
    await expect(unzippedSize(bytes)).rejects.toMatchObject(refused);
    await expect(unzip(bytes, join(directory, "links"))).rejects.toMatchObject(refused);
  });

  it("keep the links inside, as those of node_modules/.bin", async () => {
    const zip = new ZipFile();
    const mode = 0o120777;
    zip.addBuffer(Buffer.from("../tool/cli.js"), "node_modules/.bin/tool", { mode });
    zip.addBuffer(Buffer.from("tool"), "node_modules/alias", { mode });
    zip.addBuffer(Buffer.from("nowhere"), "dangling", { mode });
    zip.addBuffer(Buffer.from("run"), "node_modules/tool/cli.js");
    const bytes = await bytesOf(zip);
    await unzippedSize(bytes);
    const home = join(directory, "bin");
    await unzip(bytes, home);
    await unzip(bytes, home);
    expect(await readFile(join(home, "node_modules/.bin/tool"), "utf8")).toBe("run");
    expect(await readFile(join(home, "node_modules/alias/cli.js"), "utf8")).toBe("run");
  });

  it("make no link behind a link of another zip", async () => {
    const [first, second] = [new ZipFile(), new ZipFile()];
    first.addBuffer(Buffer.from("../../x"), "p/q/d", { mode: 0o120777 });
    first.addBuffer(Buffer.from("1"), "x/file");
    second.addBuffer(Buffer.from("../../../outside"), "p/q/d/link", { mode: 0o120777 });
    const home = join(directory, "two");
    await unzip(await bytesOf(first), home);
    await expect(unzip(await bytesOf(second), home)).rejects.toMatchObject(refused);
  });

  it("refuse bombs by what they declare, and those that lie when they are unpacked", async () => {
    const zip = new ZipFile();
    zip.addBuffer(Buffer.alloc(90_000_000), "zeros-1");
    zip.addBuffer(Buffer.alloc(90_000_000), "zeros-2");
    zip.addBuffer(Buffer.alloc(90_000_000), "zeros-3");
    const bomb = await bytesOf(zip);
    expect(bomb.length).toBeLessThan(1_000_000);
    await expect(unzippedSize(bomb)).rejects.toMatchObject({
      message: "Unzipped size must be smaller than 262144000 bytes",
    });
    // The central directory says ten bytes where a million come.
    const liar = new ZipFile();
    liar.addBuffer(Buffer.alloc(1_000_000), "lies");
    const bytes = await bytesOf(liar);
    const entry = bytes.lastIndexOf(Buffer.from([0x50, 0x4b, 0x01, 0x02]));
    bytes.writeUInt32LE(10, entry + 24);
    const home = join(directory, "liar");
    await expect(unzip(bytes, home)).rejects.toMatchObject(refused);
    const written = existsSync(join(home, "lies")) ? (await stat(join(home, "lies"))).size : 0;
    expect(written).toBeLessThan(1_000_000);
  });

  it("that are damaged are refused as such, whatever is damaged", async () => {
    const zip = await zipOf({ "index.mjs": "export const handler = 1;", "a/b/c.txt": "x".repeat(500) });
    const home = join(directory, "fuzz");
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(zip.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 }),
        fc.nat(zip.length),
        async (damage, cut) => {
          const bytes = Buffer.from(zip);
          for (const [at, value] of damage) bytes[at] = value;
          const sample = cut % 5 === 0 ? bytes.subarray(0, cut) : bytes;
          for (const attempt of [() => unzippedSize(sample), () => unzip(sample, home)]) {
            await attempt().catch((error: Error) => expect(error.name).toBe("InvalidParameterValueException"));
          }
        },
      ),
      { numRuns: 300 },
    );
    expect(await readdir(directory)).not.toContain("outside");
  });
});
