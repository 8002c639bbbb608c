/**
 * An order API in one call: an HTTP API whose target is a function, with a queue beside it:
 *
 *     node examples/order-http-api.mjs
 */
import assert from "node:assert/strict";
import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from "@aws-sdk/client-sqs";
import { createBusbar } from "busbar";

const bus = await createBusbar({ clock: "virtual" });
const config = bus.clientConfig();
const sqs = new SQSClient({ ...config });
const gateway = new ApiGatewayV2({ ...config });
const { QueueUrl } = await sqs.send(new CreateQueueCommand({ QueueName: "orders" }));
bus.registerFunction("order-status", ({ rawPath }) => ({ order: rawPath.split("/").at(-1), status: "packed" }));

// Quick create: the API, an integration, the route $default and a stage that deploys by itself.
const { ApiId } = await gateway.createApi({
  Name: "orders",
  ProtocolType: "HTTP",
  Target: "arn:aws:lambda:us-east-1:000000000000:function:order-status",
});

// POST /orders goes to the queue without any code.
const { IntegrationId } = await gateway.createIntegration({
  ApiId,
  IntegrationType: "AWS_PROXY",
  IntegrationSubtype: "SQS-SendMessage",
  CredentialsArn: "arn:aws:iam::000000000000:role/orders",
  PayloadFormatVersion: "1.0",
  RequestParameters: { QueueUrl, MessageBody: "$request.body" },
});
await gateway.createRoute({ ApiId, RouteKey: "POST /orders", Target: `integrations/${IntegrationId}` });

const url = `${bus.endpoint}/_aws/execute-api/${ApiId}/orders`;
const taken = await fetch(url, { method: "POST", body: JSON.stringify({ item: "tea", count: 3 }) });
assert.equal(taken.status, 200);
const { Messages = [] } = await sqs.send(new ReceiveMessageCommand({ QueueUrl }));
assert.deepEqual(JSON.parse(Messages[0].Body), { item: "tea", count: 3 });
console.log(await (await fetch(`${url}/17`)).text()); // {"order":"17","status":"packed"}

for (const client of [sqs, gateway]) client.destroy();
await bus.close();
