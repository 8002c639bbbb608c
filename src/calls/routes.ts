import type { Claim, OperationCodec, ProtocolName, Unclaimed, WireRequest } from "../../protocols/protocol.ts";
import type { OperationModel, ServiceModel } from "../../protocols/schema.ts";
import { compileValidator, type Validator } from "../../protocols/validate.ts";
import { isNewWork } from "./new-work.ts";
import type { OperationDefinition } from "./operation.ts";
import { notBuilt } from "./refusals.ts";
import type { ServiceDefinition } from "./service.ts";

/** A service with its state in one emulator. */
export interface RunningService {
  readonly definition: ServiceDefinition;
  readonly state: unknown;
}

/** The services of one emulator, as the path of a call sees them. */
export interface Services {
  /** As those of `Catalog`. */
  claim(request: WireRequest): Claim | Unclaimed;
  modelsFor(request: WireRequest): readonly ServiceModel[];
  /** The service with its state, which is made when it is first asked for; undefined if there is none of that name. */
  running(name: string): RunningService | undefined;
}

/** What is compiled for an operation at its first call; shared by all emulators. */
interface Compiled {
  readonly validate: Validator;
  readonly codecs: Partial<Record<ProtocolName, OperationCodec>>;
}

const compiledOperations = new WeakMap<OperationModel, Compiled>();

/** An operation of one emulator. */
export interface Route extends Compiled {
  readonly operation: OperationModel;
  readonly state: unknown;
  /** Absent: Busbar does not implement the operation. */
  readonly run: OperationDefinition<unknown>["run"] | undefined;
  readonly isNewWork: boolean;
}

/** A route for each operation of one emulator, built when it is first called. */
export class Routes {
  readonly #services: Services;
  readonly #routes = new Map<OperationModel, Route>();

  constructor(services: Services) {
    this.#services = services;
  }

  service(name: string): RunningService | undefined {
    return this.#services.running(name);
  }

  of(operation: OperationModel): Route {
    return this.#routes.get(operation) ?? this.#make(operation);
  }

  /** @throws AwsError NotImplemented for a service or an operation that no model has. */
  named(service: string, operation: string): Route {
    const model = this.#services.running(service)?.definition.model.operations.get(operation);
    if (model === undefined) throw notBuilt(service, operation);
    return this.of(model);
  }

  #make(operation: OperationModel): Route {
    const running = this.#services.running(operation.service.name) as RunningService;
    let compiled = compiledOperations.get(operation);
    if (compiled === undefined) {
      compiled = { validate: compileValidator(operation), codecs: {} };
      compiledOperations.set(operation, compiled);
    }
    const route = {
      operation,
      state: running.state,
      run: running.definition.operations.find(({ name }) => name === operation.name)?.run,
      isNewWork: isNewWork(operation.name),
      ...compiled,
    };
    this.#routes.set(operation, route);
    return route;
  }
}
