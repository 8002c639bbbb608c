import { PatternIndex, parseEvent, parsePattern } from "../src/events/pattern/index.ts";

// Events per second through an index of rules of which one matches. Run:
//   npx esbuild bench/event-pattern.ts --bundle --platform=node --format=esm | node --input-type=module

const kinds: ((i: number) => unknown)[] = [
  (i) => ({ source: ["shop.orders"], "detail-type": [`Order ${i}`] }),
  (i) => ({ source: ["shop.orders"], detail: { customer: [{ prefix: `c-${i}-` }] } }),
  (i) => ({ source: [{ "anything-but": "aws.health" }], detail: { total: [{ numeric: [">=", i, "<", i + 1] }] } }),
  (i) => ({ detail: { file: [{ wildcard: `img-${i}-*.png` }], gone: [{ exists: false }] } }),
];

for (const count of [10, 1000, 10_000]) {
  const index = new PatternIndex<number>();
  const built = performance.now();
  for (let i = 0; i < count; i++) {
    const kind = kinds[i % kinds.length] as (i: number) => unknown;
    index.add(i, parsePattern(JSON.stringify(kind(i))));
  }
  const buildMs = performance.now() - built;
  const event = JSON.stringify({
    version: "0",
    id: "5d0f7c1e-3b7a-4a55-9c1b-0f6c2f1d9e10",
    "detail-type": "Order 4",
    source: "shop.orders",
    account: "111122223333",
    time: "2024-03-09T16:05:42Z",
    region: "eu-west-1",
    resources: [],
    detail: { customer: "c-x", total: -1, file: "img.png", items: [{ sku: "a" }, { sku: "b" }] },
  });
  const runs = 100_000;
  const started = performance.now();
  let matches = 0;
  for (let i = 0; i < runs; i++) matches += index.match(parseEvent(event)).length;
  const perSecond = Math.round((runs / (performance.now() - started)) * 1000);
  console.log(
    `${count} rules: ${perSecond} events/s (built in ${Math.round(buildMs)} ms, ${matches / runs} matches each)`,
  );
}
