import { expect, it } from "vitest";
import { type BusbarOptions, createBusbar } from "../../src/index.ts";

it.each<[object, string]>([
  [{ account: "test-1" }, 'account must be 12 digits, not "test-1".'],
  [{ clock: "fake" }, 'clock must be "real" or "virtual", not "fake".'],
  [{ prot: false }, "createBusbar has no option prot; it has port, host,"],
  [{ port: 70_000 }, "port must be false or a whole number from 0 to 65535, not 70000."],
  [{ region: "Frankfurt" }, 'region must be a region such as "us-east-1", not "Frankfurt".'],
  [{ strict: "yes" }, 'strict must be true or false, not "yes".'],
  [{ endpoints: { kms: 8080 } }, "endpoints must be an object of URLs by the names of services"],
  [{ seed: 7 }, "seed must be a text, not 7."],
])("createBusbar refuses %j", async (options, message) => {
  const making = createBusbar({ port: false, ...options } as BusbarOptions);
  await expect(making).rejects.toBeInstanceOf(RangeError);
  await expect(making).rejects.toThrow(message);
});

it("takes options that are there and say nothing", async () => {
  const bus = await createBusbar({ port: false, dataDir: undefined, seed: undefined } as unknown as BusbarOptions);
  await bus.close();
});

it("clientConfig, reset and the clock's mode refuse what they do not know", async () => {
  const bus = await createBusbar({ port: false });
  expect(() => bus.clientConfig({ account: "test-1" })).toThrow('account must be 12 digits, not "test-1".');
  expect(() => bus.clientConfig({ acount: "111122223333" } as object)).toThrow("clientConfig has no option acount");
  expect(() => bus.clock.setMode("fake" as "real")).toThrow('clock must be "real" or "virtual", not "fake".');
  await expect(bus.reset("test-1")).rejects.toThrow("reset takes an account of 12 digits");
  await bus.reset("111122223333");
  await bus.close();
});
