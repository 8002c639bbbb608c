/** Services of every protocol as the protocol tests see them: their schemas and wire facts, without any behaviour. */
import * as apigateway from "@aws-sdk/client-api-gateway";
import * as eventbridge from "@aws-sdk/client-eventbridge";
import * as kinesis from "@aws-sdk/client-kinesis";
import * as pipes from "@aws-sdk/client-pipes";
import * as scheduler from "@aws-sdk/client-scheduler";
import * as sfn from "@aws-sdk/client-sfn";
import * as sns from "@aws-sdk/client-sns";
import * as sqs from "@aws-sdk/client-sqs";
import * as sts from "@aws-sdk/client-sts";
import apigatewayConstraints from "../../protocols/constraints/apigateway.json" with { type: "json" };
import eventbridgeConstraints from "../../protocols/constraints/eventbridge.json" with { type: "json" };
import kinesisConstraints from "../../protocols/constraints/kinesis.json" with { type: "json" };
import pipesConstraints from "../../protocols/constraints/pipes.json" with { type: "json" };
import schedulerConstraints from "../../protocols/constraints/scheduler.json" with { type: "json" };
import snsConstraints from "../../protocols/constraints/sns.json" with { type: "json" };
import sqsConstraints from "../../protocols/constraints/sqs.json" with { type: "json" };
import stepfunctionsConstraints from "../../protocols/constraints/stepfunctions.json" with { type: "json" };
import stsConstraints from "../../protocols/constraints/sts.json" with { type: "json" };
import { type ServiceDeclaration, type ServiceModel, serviceModel } from "../../protocols/schema.ts";

const declarations: ServiceDeclaration[] = [
  {
    name: "sqs",
    signingNames: ["sqs"],
    hostPrefixes: ["sqs", "queue"],
    version: "2012-11-05",
    targetPrefix: "AmazonSQS",
    xmlNamespace: "http://queue.amazonaws.com/doc/2012-11-05/",
    queryCompatible: true,
    protocols: ["awsJson1_0", "awsQuery", "rpcv2Cbor"],
    schemas: sqs,
    constraints: sqsConstraints,
  },
  {
    name: "sns",
    signingNames: ["sns"],
    hostPrefixes: ["sns"],
    version: "2010-03-31",
    xmlNamespace: "http://sns.amazonaws.com/doc/2010-03-31/",
    protocols: ["awsQuery"],
    schemas: sns,
    constraints: snsConstraints,
  },
  {
    name: "sts",
    signingNames: ["sts"],
    hostPrefixes: ["sts"],
    version: "2011-06-15",
    xmlNamespace: "https://sts.amazonaws.com/doc/2011-06-15/",
    protocols: ["awsQuery"],
    schemas: sts,
    constraints: stsConstraints,
  },
  {
    name: "kinesis",
    signingNames: ["kinesis"],
    hostPrefixes: ["kinesis"],
    version: "2013-12-02",
    targetPrefix: "Kinesis_20131202",
    extendedRequestId: true,
    protocols: ["awsJson1_1", "awsCbor1_1", "rpcv2Cbor"],
    schemas: kinesis,
    constraints: kinesisConstraints,
  },
  {
    name: "eventbridge",
    signingNames: ["events"],
    hostPrefixes: ["events"],
    version: "2015-10-07",
    targetPrefix: "AWSEvents",
    protocols: ["awsJson1_1"],
    schemas: eventbridge,
    constraints: eventbridgeConstraints,
  },
  {
    name: "stepfunctions",
    signingNames: ["states"],
    hostPrefixes: ["states", "sync-states"],
    version: "2016-11-23",
    targetPrefix: "AWSStepFunctions",
    protocols: ["awsJson1_0"],
    schemas: sfn,
    constraints: stepfunctionsConstraints,
  },
  {
    name: "scheduler",
    signingNames: ["scheduler"],
    hostPrefixes: ["scheduler"],
    version: "2021-06-30",
    protocols: ["restJson1"],
    schemas: scheduler,
    constraints: schedulerConstraints,
  },
  {
    name: "pipes",
    signingNames: ["pipes"],
    hostPrefixes: ["pipes"],
    version: "2015-10-07",
    protocols: ["restJson1"],
    schemas: pipes,
    constraints: pipesConstraints,
  },
  {
    name: "apigateway",
    signingNames: ["apigateway"],
    hostPrefixes: ["apigateway"],
    version: "2015-07-09",
    protocols: ["restJson1"],
    schemas: apigateway,
    constraints: apigatewayConstraints,
  },
];

export const services: readonly ServiceModel[] = declarations.map(serviceModel);

export function serviceNamed(name: string): ServiceModel {
  const service = services.find((candidate) => candidate.name === name);
  if (service === undefined) throw new Error(`No service ${name}`);
  return service;
}
