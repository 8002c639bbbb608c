import { expect, it } from "vitest";
import { isNewWork, outOfMemory } from "../../../src/calls/new-work.ts";
import { catalog } from "../../../src/services.ts";

const services = catalog.all();
const operations = services.flatMap(({ model }) => [...model.operations.keys()]);

it("is new work what makes something that stays, never what reads, ends, deletes or lets go on", () => {
  const allowed = operations.filter((name) => !isNewWork(name));
  const harmless =
    /^(Activate|Cancel|Change|Check|Confirm|Deactivate|Deauthorize|Decode|Decrease|Delete|Deregister|Describe|Disable|Export|Flush|Get|Increase|List|OptIn|Preview|Purge|Receive|Reject|Remove|Reset|SendTask|Set|Stop|SubscribeToShard|Test|Unsubscribe|Untag|Update|Validate|Verify)/;
  expect(allowed.filter((name) => !harmless.test(name))).toEqual([]);
  for (const name of ["SendMessageBatch", "Publish", "PutRecords", "PutEvents", "CreateSchedule", "StartExecution"]) {
    expect(isNewWork(name)).toBe(true);
  }
});

it("is refused with the service's own throttling error, which clients try again", () => {
  const names = services.map(({ model }) => `${model.name} ${outOfMemory(model).name}`);
  expect(names).toEqual([
    "sqs RequestThrottled",
    "sns ThrottledException",
    "kinesis ProvisionedThroughputExceededException",
    "eventbridge ThrottlingException",
    "scheduler ThrottlingException",
    "pipes ThrottlingException",
    "stepfunctions ThrottlingException",
    "apigateway TooManyRequestsException",
    "apigatewayv2 TooManyRequestsException",
    "apigatewaymanagementapi ThrottlingException",
    "lambda TooManyRequestsException",
    "sts ThrottlingException",
  ]);
});
