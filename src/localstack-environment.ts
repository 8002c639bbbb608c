/** Environment variables made for LocalStack: what they mean here, or what to set instead. */

export interface FromLocalstack {
  readonly host?: string;
  readonly port?: string;
  readonly hostName?: string;
  readonly logLevel?: string;
  /** One line for each variable that has no effect here, naming what does. */
  readonly notices: readonly string[];
}

const instead: Readonly<Record<string, string>> = {
  PERSISTENCE: "keep state with --data-dir <path> (BUSBAR_DATA_DIR)",
  SERVICES: "all services are there, and none costs anything until it is used",
  EAGER_SERVICE_LOADING: "all services are there from the start",
};

export function fromLocalstack(environment: NodeJS.ProcessEnv): FromLocalstack {
  const [listen = ""] = (environment["GATEWAY_LISTEN"] ?? "").split(",");
  const [, address = "", port = ""] = /^(.*?)(?::(\d+))?$/.exec(listen) ?? [];
  const hostName = (environment["LOCALSTACK_HOST"] ?? "").replace(/:\d+$/, "");
  // Other programs use DEBUG as well, with a list of names.
  const debugs = /^(1|true)$/i.test(environment["DEBUG"] ?? "");
  const notices = Object.entries(instead)
    .filter(([name]) => environment[name])
    .map(([name, advice]) => `${name} is LocalStack's and does nothing here: ${advice}.`);
  return {
    ...(address === "" ? {} : { host: address.replace(/^\[|\]$/g, "") }),
    ...(port === "" ? {} : { port }),
    ...(hostName === "" ? {} : { hostName: hostName.toLowerCase() }),
    ...(debugs ? { logLevel: "debug" } : {}),
    notices,
  };
}
