import * as crypto from "node:crypto";

/** Hex MD5 of a text's UTF-8; the one-shot function is a third cheaper where Node has it. */
export const md5Hex: (text: string) => string =
  typeof crypto.hash === "function"
    ? (text) => crypto.hash("md5", text, "hex")
    : (text) => crypto.createHash("md5").update(text).digest("hex");
