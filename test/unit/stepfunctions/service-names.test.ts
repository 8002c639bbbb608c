import { expect, it } from "vitest";
import { clientPackage } from "../../../src/services/stepfunctions/tasks/integrations/sdk-packages.ts";
import { clientName, clientNameOf } from "../../../src/services/stepfunctions/tasks/integrations/service-names.ts";

it.each([
  ["s3", "s3"],
  ["dynamodb", "dynamodb"],
  ["cloudwatchlogs", "cloudwatch-logs"],
  ["elasticloadbalancingv2", "elastic-load-balancing-v2"],
  ["apigateway", "api-gateway"],
  ["apigatewayv2", "apigatewayv2"],
  ["cognitoidentityprovider", "cognito-identity-provider"],
  ["databasemigration", "database-migration-service"],
  ["config", "config-service"],
  ["route53", "route-53"],
  ["constructor", "constructor"],
])("the client of aws-sdk:%s is in @aws-sdk/client-%s", (service, name) => {
  expect(clientPackage(service)).toBe(`@aws-sdk/client-${name}`);
});

it.each([
  ["S3", "S3"],
  ["DynamoDB", "DynamoDb"],
  ["CloudWatch Logs", "CloudWatchLogs"],
  ["Elastic Load Balancing v2", "ElasticLoadBalancingV2"],
  ["ApiGatewayV2", "ApiGatewayV2"],
  ["SESv2", "SesV2"],
  ["WAFV2", "Wafv2"],
  ["EC2", "Ec2"],
  ["ACM PCA", "AcmPca"],
  ["IoT", "Iot"],
  ["MTurk", "MTurk"],
  ["CodeBuild", "CodeBuild"],
  ["Route 53", "Route53"],
])("the client for the service id %s is %s", (serviceId, name) => {
  expect(clientNameOf(serviceId)).toBe(name);
});

it("clients that are not installed are known by the names of their services", () => {
  expect(["dynamodb", "cloudwatchlogs", "kms", "toString"].map(clientName)).toEqual([
    ...["DynamoDb", "CloudWatchLogs", "Kms", "ToString"],
  ]);
});
