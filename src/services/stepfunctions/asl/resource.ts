/** What ends a service integration: the response, the job, or a callback. */
export type TaskPattern = "requestResponse" | "sync" | "sync:2" | "waitForTaskToken";

/** What a Task's Resource ARN names. */
export type TaskResource =
  | { kind: "lambda"; arn: string }
  | { kind: "activity"; arn: string }
  | {
      kind: "service";
      arn: string;
      /** `sqs`, `aws-sdk:dynamodb`, …: the `resourceType` of history events. */
      resourceType: string;
      /** `sendMessage.waitForTaskToken`: the `resource` of history events. */
      resource: string;
      /** The API without its pattern: `sendMessage`. */
      api: string;
      pattern: TaskPattern;
    };

const lambdaArn = /^arn:[\w-]+:lambda:[^:\s]*:[^:\s]*:function:[\w$.:-]+$/;
const activityArn = /^arn:[\w-]+:states:[\w-]+:\d+:activity:[^\s:]+$/;
const serviceArn =
  /^arn:[\w-]+:states:[\w-]*:\d*:((?:aws-sdk:)?[\w-]+):([A-Za-z]\w*)(?:\.(sync(?::2)?|waitForTaskToken))?$/;

/** Parses a Task's Resource; undefined if it is not an ARN that Step Functions can call. */
export function parseResource(arn: string): TaskResource | undefined {
  if (arn.length > 2048) return undefined;
  if (lambdaArn.test(arn)) return { kind: "lambda", arn };
  if (activityArn.test(arn)) return { kind: "activity", arn };
  const match = serviceArn.exec(arn);
  if (!match || match[1] === "stateMachine" || match[1] === "activity" || match[1] === "execution") return undefined;
  const pattern = (match[3] ?? "requestResponse") as TaskPattern;
  const api = match[2]!;
  return {
    kind: "service",
    arn,
    resourceType: match[1]!,
    resource: pattern === "requestResponse" ? api : `${api}.${pattern}`,
    api,
    pattern,
  };
}
