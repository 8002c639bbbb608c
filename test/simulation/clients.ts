/** Clients of all services that write and read as the SDK's do, without the middleware between, which is most of their time. */
import { APIGateway } from "@aws-sdk/client-api-gateway";
import { ApiGatewayV2 } from "@aws-sdk/client-apigatewayv2";
import { EventBridge } from "@aws-sdk/client-eventbridge";
import { Kinesis } from "@aws-sdk/client-kinesis";
import { Lambda } from "@aws-sdk/client-lambda";
import { Pipes } from "@aws-sdk/client-pipes";
import { Scheduler } from "@aws-sdk/client-scheduler";
import { SFN } from "@aws-sdk/client-sfn";
import { SNS } from "@aws-sdk/client-sns";
import { SQS } from "@aws-sdk/client-sqs";
import type { InProcessHandler } from "../../src/in-process.ts";

export interface Clients {
  readonly sqs: SQS;
  readonly sns: SNS;
  readonly kinesis: Kinesis;
  readonly eventbridge: EventBridge;
  readonly scheduler: Scheduler;
  readonly pipes: Pipes;
  readonly states: SFN;
  readonly lambda: Lambda;
  readonly apigateway: APIGateway;
  readonly apigatewayv2: ApiGatewayV2;
}

/** How a client of this account and region says who it is; nobody looks at the signature. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

type Handle = InProcessHandler["handle"];

export function clientsOf({ account, region }: Place, handle: Handle): Clients {
  const config = {
    endpoint: "http://localhost:4566",
    region,
    credentials: { accessKeyId: account, secretAccessKey: "simulation" },
  };
  const direct = <Client extends object>(service: string, client: Client): Client => {
    const scope = `${account}/20260101/${region}/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 Credential=${scope}, SignedHeaders=host, Signature=0`;
    const send = (command: Command, options?: { abortSignal?: unknown }) =>
      exchange(client as unknown as SchemaClient, command, authorization, handle, options);
    return Object.assign(client, { send });
  };
  return {
    sqs: direct("sqs", new SQS(config)),
    sns: direct("sns", new SNS(config)),
    kinesis: direct("kinesis", new Kinesis(config)),
    eventbridge: direct("events", new EventBridge(config)),
    scheduler: direct("scheduler", new Scheduler(config)),
    pipes: direct("pipes", new Pipes(config)),
    states: direct("states", new SFN(config)),
    lambda: direct("lambda", new Lambda(config)),
    apigateway: direct("apigateway", new APIGateway(config)),
    apigatewayv2: direct("apigateway", new ApiGatewayV2(config)),
  };
}

type Request = Parameters<Handle>[0];

interface Command {
  readonly input: object;
  /** `[9, namespace, name, traits, input, output]`. */
  readonly schema: readonly [number, string, string, unknown, unknown, unknown];
}

/** What a client of the SDK's uses to write requests and to read answers. */
interface SchemaClient {
  readonly config: {
    readonly endpoint: () => Promise<object>;
    readonly protocol: {
      serializeRequest(operation: object, input: object, context: object): Promise<Request>;
      deserializeResponse(operation: object, context: object, response: object): Promise<unknown>;
    };
  };
}

async function exchange(
  { config }: SchemaClient,
  { input, schema }: Command,
  authorization: string,
  handle: Handle,
  options?: { abortSignal?: unknown },
): Promise<unknown> {
  const [, namespace, name, traits, inputSchema, outputSchema] = schema;
  const operation = { namespace, name, traits, input: inputSchema, output: outputSchema };
  const request = await config.protocol.serializeRequest(operation, input, { ...config, disableHostPrefix: true });
  request.headers["authorization"] = authorization;
  const { response } = await handle(request, options);
  return config.protocol.deserializeResponse(operation, config, response);
}
