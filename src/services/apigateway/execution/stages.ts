/** Stages that are called, each built from its row and rebuilt when the row changes. */
import type { ApiGateway } from "../apigateway.ts";
import { childKey } from "../tables.ts";
import type { ExecutionDeps } from "./backend.ts";
import { DeployedApi } from "./deployed-api.ts";
import { Stage } from "./stage.ts";

/** Built stages that are kept, and built deployments; at this many all are dropped. */
const maxKept = 500;

export class Stages {
  readonly #service: ApiGateway;
  readonly #deps: ExecutionDeps;
  readonly #stages = new Map<string, Stage>();
  /** By the serial of a deployment's snapshot, which never changes. */
  readonly #deployed = new Map<number, DeployedApi>();

  constructor(service: ApiGateway, deps: ExecutionDeps) {
    this.#service = service;
    this.#deps = deps;
  }

  /** Undefined if the API has no such stage. */
  get(apiId: string, stageName: string): Stage | undefined {
    const key = childKey(apiId, stageName);
    const row = this.#service.stages.get(key);
    if (row === undefined) return undefined;
    let stage = this.#stages.get(key);
    // A row is replaced by another object when anything in it changes.
    if (stage?.row !== row) {
      const { deploymentId, canarySettings } = row;
      const api = this.#deployedApi(apiId, deploymentId);
      if (api === undefined) return undefined;
      stage = new Stage(row, api, canarySettings && this.#deployedApi(apiId, canarySettings.deploymentId));
      if (this.#stages.size >= maxKept) this.#stages.clear();
      this.#stages.set(key, stage);
    }
    return stage;
  }

  clear(): void {
    this.#stages.clear();
    this.#deployed.clear();
  }

  #deployedApi(apiId: string, deploymentId: string): DeployedApi | undefined {
    const deployment = this.#service.deployments.get(childKey(apiId, deploymentId));
    if (deployment === undefined) return undefined;
    let api = this.#deployed.get(deployment.snapshot);
    if (api === undefined) {
      api = new DeployedApi(this.#service.snapshotOf(deployment), this.#deps);
      if (this.#deployed.size >= maxKept) this.#deployed.clear();
      this.#deployed.set(deployment.snapshot, api);
    }
    return api;
  }
}
