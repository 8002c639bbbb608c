import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { expect, it } from "vitest";
import { ServedAnswer, ServedRequest } from "../../../src/server/exchange.ts";

it("an answer that cannot be written takes along none of its turn", async () => {
  const bugs: unknown[] = [];
  const waiting: ServedAnswer[] = [];
  const server = createServer((request, response) => {
    waiting.push(new ServedAnswer(response, new ServedRequest(request), (error) => bugs.push(error)));
    if (waiting.length < 3) return;
    for (const [place, answer] of waiting.entries()) {
      answer.send(200, { "x-place": place === 1 ? "\u0000" : String(place) }, "whole");
    }
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const answers = await Promise.all(
    [0, 1, 2].map(async () => {
      const response = await fetch(url);
      return `${response.status} ${await response.text()}`;
    }),
  );
  expect(answers.sort()).toEqual(["200 whole", "200 whole", "500 "]);
  expect(bugs).toHaveLength(1);
  server.close();
});
