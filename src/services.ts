/** The services of Busbar. */
import type { ServiceCoverage, ServiceDefinition } from "./calls/service.ts";
import { apigateway } from "./services/apigateway/index.ts";
import { apigatewaymanagementapi } from "./services/apigatewaymanagementapi/index.ts";
import { apigatewayv2 } from "./services/apigatewayv2/index.ts";
import { eventbridge } from "./services/eventbridge/index.ts";
import { kinesis } from "./services/kinesis/index.ts";
import { lambda } from "./services/lambda/index.ts";
import { pipes } from "./services/pipes/index.ts";
import { scheduler } from "./services/scheduler/index.ts";
import { sns } from "./services/sns/index.ts";
import { sqs } from "./services/sqs/index.ts";
import { stepfunctions } from "./services/stepfunctions/index.ts";
import { sts } from "./services/sts/index.ts";

/** Every service Busbar has. Adding one takes its folder and a line here. */
export const services: readonly ServiceDefinition[] = [
  sqs,
  sns,
  kinesis,
  eventbridge,
  scheduler,
  pipes,
  stepfunctions,
  apigateway,
  apigatewayv2,
  apigatewaymanagementapi,
  lambda,
  sts,
];

/** One array for all emulators, since the claims of requests are indexed by it. */
export const models = services.map(({ model }) => model);

/** What each service's model contains and what of it is implemented. */
export const coverage: readonly ServiceCoverage[] = services.map(({ model, operations }) => ({
  service: model.name,
  built: operations.map(({ name }) => name).sort(),
  known: [...model.operations.keys()].sort(),
}));
