/** Page tokens: opaque, for one kind of list, valid for 300 seconds. */
import { decodeToken, encodeToken } from "../../calls/page.ts";
import { expiredToken, invalidArgument } from "./errors.ts";

const lifeMs = 300_000;

interface Now {
  readonly now: number;
}

export function writeToken(service: Now, list: string, place: object): string {
  return encodeToken([list, service.now, place]);
}

/**
 * @throws AwsError InvalidArgumentException for a text that is not a token of this list, ExpiredNextTokenException for
 * an old one.
 */
export function readToken<Place>(service: Now, list: string, token: string): Place {
  const [name, createdMs, place] = (asArray(decodeToken(token)) ?? []) as [unknown, unknown, unknown];
  if (name !== list || typeof createdMs !== "number" || typeof place !== "object" || place === null) {
    throw invalidArgument("Invalid NextToken.");
  }
  for (const value of Object.values(place)) {
    if (!["string", "number"].includes(typeof value)) throw invalidArgument("Invalid NextToken.");
  }
  if (service.now - createdMs > lifeMs) throw expiredToken();
  return place as Place;
}

function asArray(value: unknown): unknown[] | undefined {
  return Array.isArray(value) ? value : undefined;
}
