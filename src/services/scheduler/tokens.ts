/** Where a page of a list begins. */
import { decodeToken } from "../../calls/page.ts";
import { validation } from "./errors.ts";

/**
 * The names that a page begins after, as `encodeToken` wrote them.
 * @throws AwsError ValidationException for a token that is not ours.
 */
export function positionIn(token: string | undefined, parts: number): readonly string[] | undefined {
  if (token === undefined) return undefined;
  const position = decodeToken(token);
  if (Array.isArray(position) && position.length === parts && position.every((part) => typeof part === "string")) {
    return position;
  }
  throw validation("The NextToken you specify is not valid.");
}
