import { expect, it } from "vitest";
import { EventValue } from "../../../src/functions/event-value.ts";

it("gives handlers what reading its text would give", () => {
  const names = JSON.parse('{"__proto__":"a client\'s","constructor":"another"}');
  const headers = Object.assign(Object.create(null), names);
  const event = new EventValue({
    headers,
    list: [null, { deep: [1, true] }],
    absent: undefined,
    nothing: null,
    text: "é\n",
  });
  const copy = event.copy() as { headers: object };
  expect(copy).toStrictEqual(JSON.parse(event.text));
  expect(Object.getPrototypeOf(copy.headers)).toBe(Object.prototype);
  expect(Object.keys(copy.headers)).toEqual(["__proto__", "constructor"]);
});

it("is not changed by what a handler does with it", () => {
  const event = new EventValue({ list: [1], inner: { name: "x" } });
  const first = event.copy() as { list: number[]; inner: { name?: string } };
  first.list.push(2);
  delete first.inner.name;
  expect(event.copy()).toEqual({ list: [1], inner: { name: "x" } });
  expect(event.text).toBe('{"list":[1],"inner":{"name":"x"}}');
});
