/** The services of Busbar. */
import { Catalog } from "./calls/catalog.ts";
import { load } from "./late-services.ts";
import { eventbridge } from "./services/eventbridge/index.ts";
import { kinesis } from "./services/kinesis/index.ts";
import { isAtUrlDoor } from "./services/lambda/url-places.ts";
import { scheduler } from "./services/scheduler/index.ts";
import { sns } from "./services/sns/index.ts";
import { sqs } from "./services/sqs/index.ts";
import { stepfunctions } from "./services/stepfunctions/index.ts";
import { sts } from "./services/sts/index.ts";

/**
 * Every service Busbar has. Adding one takes its folder and a line here; one that costs much to load can be a
 * `LateService`. All emulators of a process share what is loaded; each creates its own state.
 */
export const catalog = new Catalog([
  sqs,
  sns,
  kinesis,
  eventbridge,
  scheduler,
  {
    name: "pipes",
    signingNames: ["pipes"],
    hostPrefixes: ["pipes"],
    firstSegment: /^(v1|tags)$/,
    load: load.pipes,
  },
  stepfunctions,
  {
    name: "apigateway",
    signingNames: ["apigateway"],
    hostPrefixes: ["apigateway"],
    firstSegment:
      /^(account|apikeys|clientcertificates|domainnameaccessassociations|domainnames|rejectdomainnameaccessassociations|restapis|sdktypes|tags|usageplans|vpclinks)$/,
    load: load.apigateway,
  },
  {
    name: "apigatewayv2",
    signingNames: ["apigateway"],
    hostPrefixes: ["apigateway"],
    firstSegment: /^v2$/,
    load: load.apigatewayv2,
  },
  {
    name: "apigatewaymanagementapi",
    signingNames: ["execute-api"],
    hostPrefixes: ["execute-api"],
    firstSegment: /^@connections$/,
    load: load.apigatewaymanagementapi,
  },
  {
    name: "lambda",
    signingNames: ["lambda"],
    hostPrefixes: ["lambda"],
    // The date of the operation.
    firstSegment: /^20\d\d-\d\d-\d\d$/,
    door: { name: "lambda", forEveryOrigin: true, claims: isAtUrlDoor },
    load: load.lambda,
  },
  sts,
]);
