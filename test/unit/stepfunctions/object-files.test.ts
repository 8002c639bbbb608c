/** The directory that replaces S3: where links in it may lead. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { ObjectError, ObjectFiles } from "../../../src/services/stepfunctions/map-runs/object-files.ts";

let directory: string;
let files: ObjectFiles;

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "busbar-objects-"));
  const outside = join(directory, "outside");
  const bucket = join(directory, "root", "bucket");
  mkdirSync(join(bucket, "folder"), { recursive: true });
  mkdirSync(outside);
  writeFileSync(join(outside, "secret.txt"), "secret");
  writeFileSync(join(bucket, "folder", "real.txt"), "real");
  symlinkSync(join(outside, "secret.txt"), join(bucket, "file-out"));
  symlinkSync(join(outside, "new.txt"), join(bucket, "nothing-out"));
  symlinkSync(outside, join(bucket, "folder-out"));
  symlinkSync(outside, join(directory, "root", "bucket-out"));
  symlinkSync("folder/real.txt", join(bucket, "file-in"));
  symlinkSync(".", join(bucket, "itself"));
  files = new ObjectFiles(join(directory, "root"));
});
async function textOf(bucket: string, key: string): Promise<string> {
  let text = "";
  for await (const piece of files.texts(bucket, key)) text += piece;
  return text;
}
afterAll(() => rmSync(directory, { recursive: true }));

it("does not read, write or list through links that lead out", async () => {
  for (const key of ["file-out", "folder-out/secret.txt"]) {
    await expect(textOf("bucket", key)).rejects.toThrow(/Access Denied: a link leads out/);
  }
  await expect(textOf("bucket-out", "secret.txt")).rejects.toThrow(ObjectError);
  for (const key of ["file-out", "nothing-out", "folder-out/new.txt", "folder-out/deeper/new.txt"]) {
    await expect(files.write("bucket", key, ["overwritten"])).rejects.toThrow(ObjectError);
  }
  await expect(files.write("bucket-out", "new.txt", ["x"])).rejects.toThrow(ObjectError);
  expect(readFileSync(join(directory, "outside", "secret.txt"), "utf8")).toBe("secret");
  for (const name of ["new.txt", "deeper"]) expect(existsSync(join(directory, "outside", name))).toBe(false);
  expect(() => [...files.list("bucket-out", "")]).toThrow(ObjectError);
  expect([...files.list("bucket", "")].map(({ Key }) => Key)).toEqual(["file-in", "folder/real.txt"]);
});

it("follows links that stay inside, and writes new files", async () => {
  expect(await textOf("bucket", "file-in")).toBe("real");
  await files.write("bucket", "new/deep/file.txt", ["x"]);
  expect(await textOf("bucket", "new/deep/file.txt")).toBe("x");
  await files.write("bucket", "new/deep/file.txt", ["y"]);
  expect(await textOf("bucket", "new/deep/file.txt")).toBe("y");
});
