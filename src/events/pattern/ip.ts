/**
 * The address as a comparable text: `4` and 8 hex digits or `6` and 32 hex digits, so that all spellings of one
 * address are equal and addresses of one family sort by value. Undefined for a text that is not an address.
 */
export function addressKey(text: string): string | undefined {
  if (text.length > 45) return undefined;
  if (text.includes(":")) return v6Key(text);
  return v4Key(text);
}

function v4Key(text: string): string | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  let hex = "4";
  for (const part of parts) {
    if (!/^\d{1,3}$/.test(part) || Number(part) > 255) return undefined;
    hex += Number(part).toString(16).padStart(2, "0");
  }
  return hex;
}

function v6Key(text: string): string | undefined {
  let address = text;
  const tail = address.slice(address.lastIndexOf(":") + 1);
  if (tail.includes(".")) {
    const v4 = v4Key(tail);
    if (v4 === undefined) return undefined;
    address = `${address.slice(0, -tail.length)}${v4.slice(1, 5)}:${v4.slice(5)}`;
  }
  const halves = address.split("::");
  if (halves.length > 2) return undefined;
  const groups = halves.map((half) => (half === "" ? [] : half.split(":")));
  const head = groups[0] as string[];
  const rest = groups[1] ?? [];
  const missing = 8 - head.length - rest.length;
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const all = [...head, ...Array<string>(missing).fill("0"), ...rest];
  if (!all.every((group) => /^[\da-fA-F]{1,4}$/.test(group))) return undefined;
  const hex = all.map((group) => group.toLowerCase().padStart(4, "0")).join("");
  // An IPv4-mapped IPv6 address equals the IPv4 address.
  return hex.startsWith("00000000000000000000ffff") ? `4${hex.slice(24)}` : `6${hex}`;
}

/** The first and last address of a CIDR block, as {@link addressKey} texts. Throws `RangeError` with AWS's reason. */
export function cidrRange(cidr: string): { low: string; high: string } {
  const slash = cidr.indexOf("/");
  if (slash < 0 || slash !== cidr.lastIndexOf("/") || slash === cidr.length - 1) {
    throw new RangeError("Malformed CIDR, one '/' required");
  }
  const address = cidr.slice(0, slash);
  const mask = cidr.slice(slash + 1);
  if (!/^[+-]?\d{1,9}$/.test(mask)) throw new RangeError("Malformed CIDR, mask bits must be an integer");
  const bits = Number(mask);
  if (bits < 0) throw new RangeError("Malformed CIDR, mask bits must not be negative");
  const key = addressKey(address);
  if (key === undefined) {
    const shaped = /^[\d.]+$/.test(address) || /^[\da-fA-F:.]*:[\da-fA-F:.]*$/.test(address);
    throw new RangeError(`${shaped ? "Invalid" : "Nonstandard"} IP address: ${address}`);
  }
  const width = key.startsWith("4") ? 32 : 128;
  if (bits >= width) throw new RangeError(`IPv${key[0]} mask bits must be < ${width}`);
  const value = BigInt(`0x${key.slice(1)}`);
  const hostBits = (1n << BigInt(width - bits)) - 1n;
  const hex = (address: bigint) => key[0] + address.toString(16).padStart(width / 4, "0");
  return { low: hex(value & ~hostBits), high: hex(value | hostBits) };
}
