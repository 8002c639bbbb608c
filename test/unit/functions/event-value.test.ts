/** Events that are values for handlers in this process. */
import { expect, it } from "vitest";
import { copyOf, EventValue } from "../../../src/functions/event-value.ts";

it("copies what reading the text would give", () => {
  const names = JSON.parse('{"__proto__":"a client\'s","constructor":"another"}');
  const headers = Object.assign(Object.create(null), names);
  const value = { headers, list: [null, { deep: [1, true] }], absent: undefined, nothing: null, text: "é\n" };
  const copy = copyOf(value) as { headers: object };
  expect(copy).toStrictEqual(JSON.parse(JSON.stringify(value)));
  expect(Object.getPrototypeOf(copy.headers)).toBe(Object.prototype);
  expect(Object.keys(copy.headers)).toEqual(["__proto__", "constructor"]);
});

it("is not changed by what a handler does with it", () => {
  const event = new EventValue(() => ({ list: [1], inner: { name: "x" } }));
  const first = event.make() as { list: number[]; inner: { name?: string } };
  first.list.push(2);
  delete first.inner.name;
  expect(event.make()).toEqual({ list: [1], inner: { name: "x" } });
  expect(event.text).toBe('{"list":[1],"inner":{"name":"x"}}');
});
