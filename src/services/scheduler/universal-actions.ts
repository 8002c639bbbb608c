/** The calls that a universal target can name (Scheduler user guide, "Universal targets"). */
import { awsServices } from "../../../protocols/aws-services.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { busbarName, type UniversalTarget } from "./targets.ts";

/** Service ids of the SDK, in lower case and without separators. */
const sdkServices = new Set(
  awsServices
    .trim()
    .split("\n")
    .map((line) => (line.split(" ")[0] ?? "").replaceAll("_", "").toLowerCase()),
);

/** Services that the SDK has but AWS refuses as targets. */
const refused = new Set(["backup"]);

/**
 * Whether the service is an AWS service and the action, which begins in lower case, exists there; for services that
 * Busbar does not implement, any action is accepted.
 */
export function canBeCalled({ service, action }: UniversalTarget, models: ServiceDependencies["models"]): boolean {
  if (!sdkServices.has(service) || refused.has(service) || !/^[a-z][a-zA-Z0-9]{0,127}$/.test(action)) return false;
  const operations = models.get(busbarName(service))?.operations;
  return operations === undefined || operations.has(action.charAt(0).toUpperCase() + action.slice(1));
}
