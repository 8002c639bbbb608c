import type { Fn } from "../values.ts";
import { dates } from "./dates.ts";
import { formatting } from "./format-number.ts";
import { higherOrder } from "./higher-order.ts";
import { integers } from "./integers.ts";
import { matching } from "./matching.ts";
import { numbers } from "./numbers.ts";
import { stepFunctions } from "./step-functions.ts";
import { texts } from "./texts.ts";
import { values } from "./values.ts";

/** JSONata's functions except `$eval`, which AWS does not have, and those that AWS adds. */
export const library: ReadonlyMap<string, Fn> = new Map([
  ...[...texts, ...matching, ...numbers, ...formatting, ...integers, ...dates],
  ...[...values, ...higherOrder, ...stepFunctions],
]);
