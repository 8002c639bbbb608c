/** Java's Math.round: to the nearest integer, halves up. */
export function javaRound(value: number): number {
  return Math.floor(value + 0.5) + 0;
}

const multiplier = 0x5deece66dn;
const mask = (1n << 48n) - 1n;

/** java.util.Random, the generator behind AWS's seeded random functions. */
export class JavaRandom {
  private state: bigint;

  constructor(seed: number) {
    const whole = Number.isFinite(seed) ? BigInt(Math.trunc(seed)) : 0n;
    this.state = (BigInt.asIntN(64, whole) ^ multiplier) & mask;
  }

  private next(bits: number): number {
    this.state = (this.state * multiplier + 0xbn) & mask;
    return Number(BigInt.asIntN(32, this.state >> BigInt(48 - bits)));
  }

  /** A double in [0, 1). */
  nextDouble(): number {
    const high = this.next(26);
    return (high * 2 ** 27 + this.next(27)) / 2 ** 53;
  }

  /** An integer in [0, bound). */
  nextInt(bound: number): number {
    if (bound > 0x7fffffff) return Math.floor(this.nextDouble() * bound);
    if ((bound & -bound) === bound) return Number((BigInt(bound) * BigInt(this.next(31))) >> 31n);
    for (;;) {
      const bits = this.next(31);
      const value = bits % bound;
      if (bits - value + (bound - 1) <= 0x7fffffff) return value;
    }
  }
}

/** A double in Java's notation: `1.0`, `1.5E7`, `1.0E-4`. */
export function javaDouble(value: number): string {
  const size = Math.abs(value);
  if (size === 0 || (size >= 1e-3 && size < 1e7)) {
    const text = Object.is(value, -0) ? "-0" : String(value);
    return text.includes(".") ? text : `${text}.0`;
  }
  const [mantissa = "", exponent = ""] = value.toExponential().split("e");
  return `${mantissa.includes(".") ? mantissa : `${mantissa}.0`}E${Number(exponent)}`;
}
