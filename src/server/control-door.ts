/** The door for everything under `/_busbar`. */
import type { Door } from "../calls/door.ts";
import type { ControlledEmulator, controlApp } from "./control.ts";
import { answeredPreflight } from "./cors.ts";
import type { InitState } from "./localstack/door.ts";

export const controlPrefix = "/_busbar";

/** The routes are made at the first request for one: their framework is a tenth of what a start would have to read. */
export function controlDoor(emulator: ControlledEmulator, init: Pick<InitState, "isReady">): Door {
  let app: ReturnType<typeof controlApp> | undefined;
  return {
    name: "control",
    claims: ({ path }) =>
      path.startsWith(controlPrefix) && (path.length === controlPrefix.length || path[controlPrefix.length] === "/"),
    serve: async (request, answer) => {
      if (answeredPreflight(request, answer)) return;
      app ??= import("./control.ts").then((control) => control.controlApp(emulator, init));
      const { path, query, incoming } = request;
      incoming.url = query === "" ? path : `${path}?${query}`;
      (await app).routing(incoming as never, answer.outgoing as never);
    },
  };
}
