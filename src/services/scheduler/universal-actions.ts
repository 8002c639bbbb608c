/** Which calls a universal target can name (Scheduler user guide, "Universal targets"). */
import { awsServices } from "../../../protocols/aws-services.ts";
import type { ServiceDependencies } from "../../calls/service.ts";
import { busbarName, type UniversalTarget } from "./targets.ts";

/** Ids of the SDK's services, in small letters and without anything between. */
const sdkServices = new Set(
  awsServices
    .trim()
    .split("\n")
    .map((line) => (line.split(" ")[0] ?? "").replaceAll("_", "").toLowerCase()),
);

/** Services AWS refuses although the SDK has them. */
const refused = new Set(["backup"]);

/**
 * Whether the service is one of AWS's and the action, which begins with a small letter, one of its; of services that
 * Busbar does not have, nobody knows the actions here.
 */
export function canBeCalled({ service, action }: UniversalTarget, models: ServiceDependencies["models"]): boolean {
  if (!sdkServices.has(service) || refused.has(service) || !/^[a-z][a-zA-Z0-9]{0,127}$/.test(action)) return false;
  const operations = models.get(busbarName(service))?.operations;
  return operations === undefined || operations.has(action.charAt(0).toUpperCase() + action.slice(1));
}
