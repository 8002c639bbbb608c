/**
 * An order API from its OpenAPI document: paths, a model that bodies are held against, and what stands behind them:
 *
 *     node examples/order-openapi.mjs
 */
import assert from "node:assert/strict";
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { createBusbar } from "busbar";

const document = `
openapi: 3.0.1
info: { title: orders, version: "1" }
x-amazon-apigateway-request-validators: { body: { validateRequestBody: true } }
x-amazon-apigateway-request-validator: body
paths:
  /orders:
    post:
      requestBody:
        content: { application/json: { schema: { $ref: "#/components/schemas/Order" } } }
      responses: { "202": { description: taken } }
      x-amazon-apigateway-integration:
        type: mock
        requestTemplates: { application/json: '{"statusCode": 202}' }
        responses:
          default: { statusCode: "202", responseTemplates: { application/json: '{"taken":true}' } }
  /orders/{id}:
    get:
      parameters: [{ name: id, in: path, required: true, schema: { type: string } }]
      x-amazon-apigateway-integration:
        type: aws_proxy
        httpMethod: POST
        uri: arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/arn:aws:lambda:us-east-1:000000000000:function:order-status/invocations
components:
  schemas:
    Order:
      type: object
      required: [item, count]
      properties: { item: { type: string }, count: { type: integer, minimum: 1 } }
`;

const bus = await createBusbar({ clock: "virtual" });
const gateway = new APIGateway(bus.clientConfig());
bus.registerFunction("order-status", ({ pathParameters }) => ({
  statusCode: 200,
  body: JSON.stringify({ order: pathParameters.id, status: "packed" }),
}));

const { id: restApiId } = await gateway.importRestApi({ body: Buffer.from(document), failOnWarnings: true });
await gateway.createDeployment({ restApiId, stageName: "prod" });

const url = `${bus.endpoint}/_aws/execute-api/${restApiId}/prod/orders`;
const place = (order) =>
  fetch(url, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(order) });
assert.equal((await place({ item: "tea" })).status, 400);
assert.deepEqual(await (await place({ item: "tea", count: 3 })).json(), { taken: true });
console.log(await (await fetch(`${url}/17`)).text()); // {"order":"17","status":"packed"}

gateway.destroy();
await bus.close();
