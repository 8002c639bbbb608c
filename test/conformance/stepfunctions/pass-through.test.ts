/** Tasks for services Busbar does not have: the requests that arrive there, and how responses are handled. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CreateStateMachineCommand, StopExecutionCommand, TestStateCommand } from "@aws-sdk/client-sfn";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { inShort, roleArn, type States, startStates } from "../../support/states.ts";
import { type Heard, type Said, webServer } from "../../support/web-server.ts";

let states: States;
let other: Awaited<ReturnType<typeof webServer>>;
let answer: (request: Heard) => Said | undefined;

const startTime = "2030-01-01T00:00:00Z";
const services = ["s3", "batch", "dynamodb", "ecs", "glue", "athena", "cloudformation", "lambda"];
const endpoints = () => ({
  ...Object.fromEntries(services.map((name) => [name, other.url])),
  sagemaker: "http://127.0.0.1:1",
  codebuild: other.url,
});

beforeAll(async () => {
  other = await webServer((request) => answer(request));
  states = await startStates({ clock: "virtual", startTime, seed: "pass-through", endpoints: endpoints() });
});
beforeEach(() => {
  other.heard.length = 0;
  answer = () => undefined;
});
afterAll(async () => {
  await states.close();
  await other.close();
});

const task = (fields: object) => ({ StartAt: "T", States: { T: { Type: "Task", End: true, ...fields } } });
const sdk = (resource: string, parameters: object) =>
  task({ Resource: `arn:aws:states:::aws-sdk:${resource}`, Parameters: parameters });
const optimized = (resource: string, parameters: object, more: object = {}) =>
  task({ Resource: `arn:aws:states:::${resource}`, Parameters: parameters, ...more });
const json = (value: object, headers: Record<string, string> = {}): Said => ({
  headers: { "content-type": "application/json", ...headers },
  body: JSON.stringify(value),
});
const scopeOf = ({ headers }: Heard) => /Credential=([^,]+)/.exec(String(headers.authorization))?.[1];

describe("the headers in a result", () => {
  it.each([
    [
      "dynamodb:getItem",
      { TableName: "t", Key: { id: { S: "1" } } },
      { Item: { id: { S: "1" } } },
      ["Connection", "Content-Length", "Content-Type", "Date", "Server", "x-amz-crc32", "x-amzn-RequestId"],
    ],
    [
      "dynamodb:putItem",
      { TableName: "t", Item: { id: { S: "1" } } },
      {},
      ["Connection", "Content-Length", "Content-Type", "Date", "Server", "x-amz-crc32", "x-amzn-RequestId"],
    ],
    [
      "ecs:runTask",
      { Cluster: "c", TaskDefinition: "d" },
      { tasks: [], failures: [] },
      ["Content-Length", "Content-Type", "Date", "x-amzn-RequestId"],
    ],
  ])("are exactly those of %s", async (resource, parameters, said, names) => {
    answer = () => json(said);
    const { output, cause } = await states.run(optimized(resource, parameters));
    expect(cause).toBeUndefined();
    const { SdkHttpMetadata: metadata } = JSON.parse(output as string);
    expect(metadata.HttpStatusCode).toBe(200);
    expect(Object.keys(metadata.HttpHeaders)).toEqual(names);
    expect(metadata.AllHttpHeaders).toEqual(
      Object.fromEntries(Object.entries(metadata.HttpHeaders).map(([name, value]) => [name, [value]])),
    );
  });
});

describe("a service whose client is installed", () => {
  it("is called by REST with XML, signed for the account and region of the execution", async () => {
    answer = () => ({ headers: { etag: '"abc"', "x-amz-server-side-encryption": "AES256" } });
    const body = { Dict: "Value" };
    const put = await states.run(
      sdk("s3:putObject", { Bucket: "b", Key: "dir/k 1", Body: body, Metadata: { MyKey: "v" } }),
    );
    expect(put.cause).toBeUndefined();
    expect(JSON.parse(put.output as string)).toEqual({ ETag: '"abc"', ServerSideEncryption: "AES256" });
    const [heard] = other.heard;
    expect(heard).toMatchObject({
      method: "PUT",
      url: "/b/dir/k%201?x-id=PutObject",
      body: JSON.stringify(body),
      headers: { "content-type": "text/plain; charset=UTF-8", "x-amz-meta-mykey": "v" },
    });
    expect(scopeOf(heard as Heard)).toMatch(/^000000000000\/\d{8}\/us-east-1\/s3\/aws4_request$/);
    expect(heard?.headers.authorization).toMatch(/Signature=[0-9a-f]{64}$/);
  });

  it("has a streamed body last, as text, and times in ISO 8601", async () => {
    answer = () => ({
      headers: {
        "last-modified": "Tue, 01 Jan 2030 00:00:00 GMT",
        "content-type": "text/plain",
        "content-length": "9",
        "x-amz-meta-a": "b",
      },
      body: "text data",
    });
    const { output } = await states.run(sdk("s3:getObject", { Bucket: "b", Key: "k" }));
    const result = JSON.parse(output as string);
    expect(result).toMatchObject({
      ContentLength: 9,
      ContentType: "text/plain",
      LastModified: "2030-01-01T00:00:00.000Z",
      Metadata: { a: "b" },
      Body: "text data",
    });
    expect(Object.keys(result).at(-1)).toBe("Body");
    answer = () => ({ body: "x".repeat(300_000) });
    expect((await states.run(sdk("s3:getObject", { Bucket: "b", Key: "k" }))).error).toBe("States.DataLimitExceeded");
  });

  it("is listed by parsing XML", async () => {
    answer = () => ({
      body: `<ListBucketResult><Name>b</Name><KeyCount>1</KeyCount><IsTruncated>false</IsTruncated>
        <Contents><Key>k</Key><Size>3</Size><LastModified>2030-01-01T00:00:00.000Z</LastModified></Contents></ListBucketResult>`,
    });
    const { output } = await states.run(sdk("s3:listObjectsV2", { Bucket: "b", Prefix: "p/" }));
    expect(JSON.parse(output as string)).toEqual({
      Contents: [{ Key: "k", LastModified: "2030-01-01T00:00:00.000Z", Size: 3 }],
      IsTruncated: false,
      KeyCount: 1,
      Name: "b",
    });
    expect(other.heard[0]?.url).toBe("/b/?list-type=2&prefix=p%2F");
  });

  it("fails with the names of its errors, modelled or not", async () => {
    const refuse = (status: number, code: string) => () => ({
      status,
      headers: { "x-amz-request-id": "id1", "x-amz-id-2": "id2" },
      body: `<Error><Code>${code}</Code><Message>Because.</Message></Error>`,
    });
    answer = refuse(404, "NoSuchKey");
    const missing = await states.run(sdk("s3:getObject", { Bucket: "b", Key: "k" }));
    expect([missing.error, missing.cause]).toEqual([
      "S3.NoSuchKeyException",
      "Because. (Service: S3, Status Code: 404, Request ID: id1, Extended Request ID: id2) (SDK Attempt Count: 1)",
    ]);
    answer = () => ({ body: "<ListBucketResult>" });
    const unreadable = await states.run(sdk("s3:listObjectsV2", { Bucket: "b" }));
    expect(unreadable.error).toBe("S3.SdkClientException");
    answer = refuse(412, "PreconditionFailed");
    expect((await states.run(sdk("s3:getObject", { Bucket: "b", Key: "k" }))).error).toBe("S3.S3Exception");
    answer = refuse(503, "SlowDown");
    const slow = await states.run(sdk("s3:getObject", { Bucket: "b", Key: "k" }));
    expect(slow.cause).toContain("(SDK Attempt Count: 3)");
  });

  it("is only called for operations that it has", async () => {
    const create = (definition: object) =>
      states.client.send(
        new CreateStateMachineCommand({ name: "refused", roleArn, definition: JSON.stringify(definition) }),
      );
    await expect(create(sdk("s3:putObject", { bucket: "b", Key: "k" }))).rejects.toMatchObject({
      name: "InvalidDefinition",
      message: expect.stringContaining("The field 'Bucket' is required but was missing at /States/T/Parameters"),
    });
    const cause = async (definition: object, input?: object) => {
      const { error, cause } = await states.run(definition, input);
      return [error, (cause as string).replace(/^An error occurred .*?\(entered at the event id #2\)\. /, "")];
    };
    const dynamic = {
      QueryLanguage: "JSONata",
      StartAt: "T",
      States: {
        T: {
          Type: "Task",
          Resource: "arn:aws:states:::aws-sdk:s3:putObject",
          Arguments: "{% $states.input %}",
          End: true,
        },
      },
    };
    expect(await cause(dynamic, { Bucket: "b" })).toEqual([
      "States.Runtime",
      `The Parameters '{"Bucket":"b"}' could not be used to start the Task: [The field 'Key' is required but was missing]`,
    ]);
    expect(await cause(sdk("s3:fly", {}))).toEqual([
      "States.Runtime",
      "The installed client of s3 has no operation Fly.",
    ]);
    expect(other.heard).toEqual([]);
  });

  it("is the model for TestState's mocked results", async () => {
    const definition = JSON.stringify(sdk("s3:putObject", { Bucket: "b", Key: "k" }).States.T);
    const tested = (result: string) => states.client.send(new TestStateCommand({ definition, mock: { result } }));
    await expect(tested('{"ETag":1}')).rejects.toMatchObject({
      message: "Mock result schema validation error: Field 'ETag' must be a string",
    });
    expect((await tested('{"ETag":"e"}')).status).toBe("SUCCEEDED");
  });
});

describe("a service whose client is not installed", () => {
  it("is called by AWS JSON, if possible, with the execution's account and region", async () => {
    answer = () => json({ Name: "s", CreatedDate: 1 });
    const { output } = await states.run(sdk("athena:createWorkGroup", { Name: "s", Description: "x" }));
    expect(JSON.parse(output as string)).toEqual({ Name: "s", CreatedDate: 1 });
    expect(other.heard[0]).toMatchObject({
      method: "POST",
      url: "/",
      headers: { "x-amz-target": "AmazonAthena.CreateWorkGroup", "content-type": "application/x-amz-json-1.1" },
      body: '{"Name":"s","Description":"x"}',
    });
    expect(scopeOf(other.heard[0] as Heard)).toBe("000000000000/20300101/us-east-1/athena/aws4_request");
    answer = () => ({
      ...json({ __type: "InvalidRequestException", Message: "No." }, { "x-amzn-requestid": "r" }),
      status: 400,
    });
    const refused = await states.run(sdk("athena:createWorkGroup", { Name: "s" }));
    expect([refused.error, refused.cause]).toEqual([
      "Athena.InvalidRequestException",
      "No. (Service: Athena, Status Code: 400, Request ID: r) (SDK Attempt Count: 1)",
    ]);
    const unreachable = await states.run(sdk("sagemaker:listModels", {}));
    expect(unreachable.error).toBe("SageMaker.SdkClientException");
    expect(unreachable.cause).toContain("Unable to execute HTTP request: ");
  });

  it("otherwise says which package to install", async () => {
    const { error, cause } = await states.run(sdk("cloudformation:createStack", { StackName: "s" }));
    expect(error).toBe("States.Runtime");
    expect(cause).toContain("install @aws-sdk/client-cloudformation, its current version, where Busbar is started.");
    const { cause: elsewhere } = await states.run(sdk("elasticloadbalancingv2:describeTags", {}));
    expect(elsewhere).toContain("start it with --endpoint elasticloadbalancingv2=<url>");
    expect(other.heard).toEqual([]);
  });
});

describe("an optimized integration with a job", () => {
  /** A queue of one job, which goes through the given states. */
  const batch = (statuses: string[]) => {
    answer = ({ url }) => {
      if (url === "/v1/submitjob") return json({ jobName: "j", jobId: "id-1", jobArn: "arn" });
      if (url === "/v1/terminatejob") return json({});
      const status = statuses.length > 1 ? statuses.shift() : statuses[0];
      return json({ jobs: [{ jobName: "j", jobId: "id-1", status, tags: { myKey: "v" }, startedAt: 7 }] });
    };
  };
  const submit = (suffix: string, more: object = {}) =>
    optimized(
      `batch:submitJob${suffix}`,
      { JobName: "j", JobQueue: "q", JobDefinition: "d", Tags: { myTag: "t" } },
      more,
    );

  it("is answered without waiting for it", async () => {
    batch([]);
    const { output } = await states.run(submit(""));
    expect(JSON.parse(output as string)).toMatchObject({
      JobArn: "arn",
      JobId: "id-1",
      JobName: "j",
      SdkHttpMetadata: { HttpStatusCode: 200 },
    });
    expect(JSON.parse(other.heard[0]?.body as string)).toEqual({
      jobName: "j",
      jobQueue: "q",
      jobDefinition: "d",
      tags: { myTag: "t" },
    });
  });

  it("waits for it, polling on the clock", async () => {
    batch(["SUBMITTED", "RUNNABLE", "RUNNING", "SUCCEEDED"]);
    const execution = await states.start(await states.create(submit(".sync")));
    await states.bus.clock.advance("14s");
    expect((await states.describe(execution)).status).toBe("RUNNING");
    await states.bus.clock.advance("1s");
    const { status, output } = await states.describe(execution);
    expect([status, JSON.parse(output as string)]).toEqual([
      "SUCCEEDED",
      { JobId: "id-1", JobName: "j", StartedAt: 7, Status: "SUCCEEDED", Tags: { myKey: "v" } },
    ]);
    expect(other.heard.slice(1).map(({ url, body }) => [url, body])).toEqual(
      Array.from({ length: 4 }, () => ["/v1/describejobs", '{"jobs":["id-1"]}']),
    );
    const events = await states.history(execution);
    expect(inShort(events).slice(2)).toEqual([
      "3<2 TaskScheduled",
      "4<3 TaskStarted",
      "5<4 TaskSubmitted",
      "6<5 TaskSucceeded",
      "7<6 TaskStateExited",
      "8<7 ExecutionSucceeded",
    ]);
    expect(events[4]?.taskSubmittedEventDetails?.output).toContain('"JobId":"id-1"');
  });

  it("fails with it", async () => {
    batch(["FAILED"]);
    const execution = await states.start(await states.create(submit(".sync")));
    await states.bus.clock.advance("1s");
    const { error, cause } = await states.describe(execution);
    expect([error, JSON.parse(cause as string)]).toMatchObject(["States.TaskFailed", { Status: "FAILED" }]);
    answer = () => ({ ...json({ message: "Slow" }, { "x-amzn-errortype": "ClientException" }), status: 400 });
    const refused = await states.run(submit(".sync"));
    expect([refused.error, refused.cause]).toEqual([
      "Batch.ClientException",
      expect.stringMatching(/^Slow \(Service: AWSBatch; Status Code: 400; Error Code: ClientException; Request ID: /),
    ]);
    expect(inShort(await states.history(refused.executionArn as string)).slice(2, 5)).toEqual([
      "3<2 TaskScheduled",
      "4<3 TaskStarted",
      "5<4 TaskSubmitFailed",
    ]);
  });

  it("stops it with the execution, and when it times out", async () => {
    batch(["RUNNING"]);
    const stopped = await states.start(await states.create(submit(".sync")));
    const late = await states.start(await states.create(submit(".sync", { TimeoutSeconds: 30 })));
    await states.bus.clock.advance("20s");
    await states.client.send(new StopExecutionCommand({ executionArn: stopped }));
    await states.bus.clock.advance(0);
    const terminated = () => other.heard.filter(({ url }) => url === "/v1/terminatejob").map(({ body }) => body);
    expect(terminated()).toEqual(['{"jobId":"id-1","reason":"Terminated by AWS Step Functions"}']);
    await states.bus.clock.advance("10s");
    expect(await states.describe(late)).toMatchObject({ status: "FAILED", error: "States.Timeout" });
    expect(terminated()).toHaveLength(2);
    const asked = other.heard.length;
    await states.bus.clock.advance("1h");
    expect(other.heard).toHaveLength(asked);
  });

  it("waits for an ECS task, whose containers must succeed", async () => {
    let exitCode = 0;
    answer = ({ headers }) => {
      const target = String(headers["x-amz-target"]);
      if (target.endsWith(".RunTask"))
        return json({ failures: [], tasks: [{ taskArn: "arn:task", lastStatus: "PENDING" }] });
      return json({ tasks: [{ taskArn: "arn:task", lastStatus: "STOPPED", containers: [{ name: "c", exitCode }] }] });
    };
    const run = optimized("ecs:runTask.sync", { Cluster: "c", TaskDefinition: "d" });
    const started = async () => {
      const execution = await states.start(await states.create(run));
      await states.bus.clock.advance("1s");
      return states.describe(execution);
    };
    const good = await started();
    expect(JSON.parse(good.output as string)).toEqual({
      TaskArn: "arn:task",
      LastStatus: "STOPPED",
      Containers: [{ Name: "c", ExitCode: 0 }],
    });
    expect(other.heard.map(({ headers, body }) => [headers["x-amz-target"], JSON.parse(body)])).toEqual([
      [
        "AmazonEC2ContainerServiceV20141113.RunTask",
        { cluster: "c", taskDefinition: "d", startedBy: "AWS Step Functions" },
      ],
      ["AmazonEC2ContainerServiceV20141113.DescribeTasks", { cluster: "c", tasks: ["arn:task"] }],
    ]);
    const [, , scheduled] = await states.history(good.executionArn as string);
    expect(JSON.parse(scheduled?.taskScheduledEventDetails?.parameters as string)).toEqual({
      Cluster: "c",
      TaskDefinition: "d",
      StartedBy: "AWS Step Functions",
    });
    exitCode = 1;
    const bad = await started();
    expect(bad.error).toBe("States.TaskFailed");
    expect(JSON.parse(bad.cause as string)).toMatchObject({ LastStatus: "STOPPED", Containers: [{ ExitCode: 1 }] });
    // There is no task to wait for.
    answer = () => json({ failures: [{ reason: "RESOURCE:MEMORY" }], tasks: [] });
    const none = await states.run(run);
    expect(none.error).toBe("States.TaskFailed");
    expect(JSON.parse(none.cause as string)).toMatchObject({ Failures: [{ Reason: "RESOURCE:MEMORY" }] });
  });

  it("wraps a build into an object", async () => {
    answer = ({ headers }) =>
      String(headers["x-amz-target"]).endsWith(".StartBuild")
        ? json({ build: { id: "p:1", buildStatus: "IN_PROGRESS" } })
        : json({ builds: [{ id: "p:1", buildStatus: "SUCCEEDED" }] });
    const execution = await states.start(
      await states.create(optimized("codebuild:startBuild.sync", { ProjectName: "p" })),
    );
    await states.bus.clock.advance("1s");
    expect((await states.describe(execution)).output).toBe('{"Build":{"Id":"p:1","BuildStatus":"SUCCEEDED"}}');
  });

  it("is refused if Busbar cannot wait for it, or AWS does not have it", async () => {
    const { error, cause } = await states.run(optimized("sagemaker:createLabelingJob.sync", { LabelingJobName: "l" }));
    expect([error, cause]).toEqual([
      "States.Runtime",
      expect.stringContaining("does not know how to wait for the job of"),
    ]);
    for (const resource of [
      "sqs:sendMessage.sync",
      "batch:submitJob.sync:2",
      "aws-sdk:batch:submitJob.sync",
      "dynamodb:getItem.waitForTaskToken",
    ]) {
      await expect(states.create(optimized(resource, {}))).rejects.toMatchObject({
        name: "InvalidDefinition",
        message: expect.stringContaining("is not recognized."),
      });
    }
  });
});

describe("a Lambda elsewhere", () => {
  it("has the functions that are not registered here", async () => {
    answer = ({ body }) =>
      body === '"fail"'
        ? { headers: { "x-amz-function-error": "Unhandled" }, body: '{"errorType":"E"}' }
        : { body: `{"got":${body}}` };
    states.bus.registerFunction("here", () => "here");
    const invoke = (name: string, payload: unknown) =>
      states.run(optimized("lambda:invoke", { FunctionName: name, "Payload.$": "$" }), payload);
    expect(JSON.parse((await invoke("there:live", { n: 1 })).output as string)).toMatchObject({
      Payload: { got: { n: 1 } },
    });
    expect(other.heard[0]).toMatchObject({
      method: "POST",
      url: "/2015-03-31/functions/there/invocations?Qualifier=live",
    });
    expect(scopeOf(other.heard[0] as Heard)).toBe("000000000000/20300101/us-east-1/lambda/aws4_request");
    expect((await invoke("there", '"fail"')).error).toBe("E");
    expect(JSON.parse((await invoke("here", {})).output as string)).toMatchObject({ Payload: "here" });
    expect(other.heard).toHaveLength(2);
  });

  const refusals = [
    [500, "ServiceException", "An error occurred.", "ServiceException"],
    [503, undefined, "Busy.", "ServiceException"],
    [429, "TooManyRequestsException", "Rate Exceeded.", "TooManyRequestsException"],
    [400, "InvalidRequestContentException", "No JSON.", "InvalidRequestContentException"],
  ] as const;
  const invocations = [
    optimized("lambda:invoke", { FunctionName: "there" }),
    sdk("lambda:invoke", { FunctionName: "there" }),
    task({ Resource: "arn:aws:lambda:us-east-1:000000000000:function:there" }),
  ];
  it.each(refusals)("fails a task with its own errors: %d %s", async (status, type, message, error) => {
    const headers: Record<string, string> = type === undefined ? {} : { "x-amzn-errortype": type };
    answer = () => ({ ...json({ Type: "Service", Message: message }, headers), status });
    for (const definition of invocations) {
      const failed = await states.run(definition);
      const words = failed.cause?.split(" (Service: ")[0];
      expect([failed.error, words]).toEqual([`Lambda.${error}`, message]);
    }
  });

  it("is called again if a retrier matches its error", async () => {
    answer = () =>
      other.heard.length < 3
        ? { ...json({ Message: "x" }, { "x-amzn-errortype": "ServiceException" }), status: 500 }
        : { body: "1" };
    const Retry = [
      { ErrorEquals: ["Lambda.ServiceException", "Lambda.SdkClientException"], IntervalSeconds: 1, MaxAttempts: 2 },
    ];
    const execution = await states.start(
      await states.create(optimized("lambda:invoke", { FunctionName: "there" }, { Retry })),
    );
    await states.bus.clock.advance("10s");
    expect(JSON.parse((await states.ended(execution)).output as string)).toMatchObject({ Payload: 1 });
    expect(other.heard).toHaveLength(3);
  });
});

describe("a job", () => {
  let directory: string;
  let own: States;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "busbar-job-"));
  });
  afterEach(async () => {
    await own.close();
    await rm(directory, { recursive: true });
  });

  it("is waited for across a restart, and its task fails if its service is gone", async () => {
    let status = "RUNNING";
    answer = ({ url }) =>
      url === "/v1/submitjob" ? json({ jobName: "j", jobId: "id-1" }) : json({ jobs: [{ jobId: "id-1", status }] });
    const open = (more: object) => startStates({ clock: "virtual", startTime, dataDir: directory, ...more });
    const definition = optimized("batch:submitJob.sync", { JobName: "j", JobQueue: "q", JobDefinition: "d" });
    own = await open({ endpoints: endpoints() });
    const machine = await own.create(definition);
    const first = await own.start(machine);
    await own.bus.clock.advance("5s");
    await own.close();
    own = await open({ endpoints: endpoints() });
    status = "SUCCEEDED";
    await own.bus.clock.advance("1m");
    expect(await own.describe(first)).toMatchObject({ status: "SUCCEEDED" });
    expect(other.heard.filter(({ url }) => url === "/v1/submitjob")).toHaveLength(1);
    status = "RUNNING";
    const second = await own.start(machine);
    await own.bus.clock.advance("5s");
    await own.close();
    own = await open({});
    await own.bus.clock.advance("1m");
    const { error, cause } = await own.describe(second);
    expect([error, cause]).toEqual(["States.Runtime", expect.stringContaining("--endpoint batch=<url>")]);
  });
});
