/**
 * An order API: a REST API takes orders, refuses what is none, and puts them on a queue without any code; a function
 * answers questions about them:
 *
 *     node examples/order-api.mjs
 */
import assert from "node:assert/strict";
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { createBusbar } from "busbar";

const bus = await createBusbar({ clock: "virtual" });
const config = bus.clientConfig();
const sqs = new SQSClient({ ...config });
const gateway = new APIGateway({ ...config });
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
bus.registerFunction("order-status", ({ pathParameters }) => ({
  statusCode: 200,
  body: JSON.stringify({ order: pathParameters.id, status: "packed" }),
}));

const { id: restApiId, rootResourceId } = await gateway.createRestApi({ name: "orders" });
const orders = await gateway.createResource({ restApiId, parentId: rootResourceId, pathPart: "orders" });
const order = await gateway.createResource({ restApiId, parentId: orders.id, pathPart: "{id}" });

// POST /orders: a body that fits the model goes to the queue.
const properties = { item: { type: "string" }, count: { type: "integer", minimum: 1 } };
await gateway.createModel({
  restApiId,
  name: "Order",
  contentType: "application/json",
  schema: JSON.stringify({ type: "object", required: ["item", "count"], properties }),
});
const validator = await gateway.createRequestValidator({ restApiId, name: "body", validateRequestBody: true });
const post = { restApiId, resourceId: orders.id, httpMethod: "POST" };
await gateway.putMethod({
  ...post,
  authorizationType: "NONE",
  requestModels: { "application/json": "Order" },
  requestValidatorId: validator.id,
});
await gateway.putMethodResponse({ ...post, statusCode: "202" });
await gateway.putIntegration({
  ...post,
  type: "AWS",
  integrationHttpMethod: "POST",
  uri: "arn:aws:apigateway:us-east-1:sqs:path/000000000000/orders",
  credentials: "arn:aws:iam::000000000000:role/orders",
  requestParameters: { "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'" },
  requestTemplates: { "application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)" },
});
await gateway.putIntegrationResponse({
  ...post,
  statusCode: "202",
  responseTemplates: { "application/json": '{"taken":"$context.requestId"}' },
});

// GET /orders/{id}: a function.
const functionArn = "arn:aws:lambda:us-east-1:000000000000:function:order-status";
const get = { restApiId, resourceId: order.id, httpMethod: "GET" };
await gateway.putMethod({ ...get, authorizationType: "NONE", requestParameters: { "method.request.path.id": true } });
await gateway.putIntegration({
  ...get,
  type: "AWS_PROXY",
  integrationHttpMethod: "POST",
  uri: `arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/${functionArn}/invocations`,
});
await gateway.createDeployment({ restApiId, stageName: "prod" });

// No DNS needed: the API's path on the endpoint stands for its host name.
const url = `${bus.endpoint}/_aws/execute-api/${restApiId}/prod/orders`;
const place = (order) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(order) });

const refused = await place({ item: "tea", count: 0 });
assert.deepEqual([refused.status, await refused.json()], [400, { message: "Invalid request body" }]);
assert.equal((await place({ item: "tea", count: 3 })).status, 202);
const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
assert.deepEqual(JSON.parse(Messages[0].Body), { item: "tea", count: 3 });
console.log(await (await fetch(`${url}/17`)).text()); // {"order":"17","status":"packed"}

for (const client of [sqs, gateway]) client.destroy();
await bus.close();
