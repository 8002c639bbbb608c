/**
 * The services that are loaded when they are first needed. In the package each of them is a file of its own, which
 * `scripts/build.mjs` has required at that moment instead of imported here: it is there at once, so nobody waits for it.
 */
import { apigateway } from "./services/apigateway/index.ts";
import { apigatewaymanagementapi } from "./services/apigatewaymanagementapi/index.ts";
import { apigatewayv2 } from "./services/apigatewayv2/index.ts";
import { lambda } from "./services/lambda/index.ts";
import { pipes } from "./services/pipes/index.ts";

export const load = {
  apigateway: () => apigateway,
  apigatewaymanagementapi: () => apigatewaymanagementapi,
  apigatewayv2: () => apigatewayv2,
  lambda: () => lambda,
  pipes: () => pipes,
};
