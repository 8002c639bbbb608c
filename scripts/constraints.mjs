/**
 * Writes the tables in `protocols/constraints/` from a folder of AWS service descriptions (the JSON the older SDKs
 * publish). Run by hand when a service gains members:
 *
 *     node scripts/constraints.mjs <folder of models>
 *
 * Only facts are carried over: what is required, lengths, ranges, patterns, enums and the widths of numbers, for each
 * structure an input can contain, with its members in the model's order, in which AWS checks and prints them. What
 * bounds the members of answers is in `answers.json`, by service.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const TABLES = {
  sqs: { model: "sqs", ownChecks: true },
  sns: { model: "sns", error: "ValidationError", indented: true, adjust: sns },
  sts: { model: "sts", error: "ValidationError", adjust: sts },
  kinesis: { model: "kinesis", adjust: kinesis },
  eventbridge: { model: "events", adjust: eventbridge },
  stepfunctions: { model: "stepfunctions", adjust: stepfunctions },
  scheduler: { model: "scheduler" },
  pipes: { model: "pipes", schemaChecked: ["CreatePipe", "UpdatePipe"] },
  apigateway: { model: "apigateway", inputNamed: true, adjust: apigateway },
  apigatewayv2: { model: "apigatewayv2", error: "BadRequestException", adjust: apigatewayv2 },
  apigatewaymanagementapi: { model: "apigatewaymanagementapi", error: "BadRequestException" },
};

const LENGTHS = new Set(["string", "list", "map", "blob"]);
const WIDTHS = new Set(["long", "float", "double"]);

const arn = (pattern) => ({ pattern, min: 1, max: 2048 });
const required = (facts) => ({ required: true, ...facts });
const streamArn = arn("arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+");
const channelArn = arn("arn:aws.*:kinesis:.*:\\d{12}:channel/\\S+");
const name = { pattern: "[a-zA-Z0-9_.-]+", min: 1, max: 128 };
const newerKinesis = {
  ChannelEncryptionConfiguration: {
    EncryptionType: required({ enum: ["KMS"] }),
    KeyId: required({ min: 1, max: 2048 }),
  },
  ChannelLoggingConfiguration: { CloudWatchLogs: required() },
  ChannelLoggingUpdateInput: { CloudWatchLogs: required() },
  ChannelStreamConfiguration: { StreamARN: required(streamArn), RecordConfiguration: required() },
  CloudWatchLogs: { Enabled: required() },
  CloudWatchLogsUpdateInput: { Enabled: required() },
  CreateChannelInput: {
    ChannelName: required(name),
    ServiceExecutionRoleARN: required(),
    StreamConfigurationList: required({ min: 1, max: 1 }),
    S3DestinationConfiguration: {},
    S3TablesDestinationConfiguration: {},
    EncryptionConfiguration: {},
    Tags: { min: 1, max: 200, item: { max: 256 }, key: { min: 1, max: 128 } },
    LoggingConfiguration: {},
  },
  DeadLetterQueueS3Configuration: { BucketARN: required(), ExpectedBucketOwner: required() },
  DeleteChannelInput: { ChannelARN: required(channelArn) },
  DescribeChannelInput: { ChannelARN: required(channelArn) },
  ListChannelsInput: {
    StreamFilter: { min: 1, max: 10_000 },
    MaxResults: { min: 1, max: 10_000 },
    NextToken: { min: 1, max: 1_048_576 },
  },
  PartitionField: { Transform: required({ enum: ["TIME_HOUR"] }), SourceName: required() },
  PartitionSpec: { PartitionFields: required() },
  RecordConfiguration: {
    RecordFormatType: required({ enum: ["GSR_JSON", "JSON", "STRING", "BYTE_ARRAY"] }),
    GSRSchemaARN: {},
  },
  S3DestinationConfiguration: {
    DataFreshnessInSeconds: { min: 300, max: 900 },
    DeadLetterQueueS3Configuration: {},
    StorageConfiguration: required(),
  },
  S3DestinationUpdateInput: { DataFreshnessInSeconds: required({ min: 300, max: 900 }) },
  S3StorageConfiguration: {
    BucketARN: required(),
    ExpectedBucketOwner: required(),
    OutputKeyTemplate: {},
    StorageClass: { enum: ["STANDARD", "INTELLIGENT_TIERING", "GLACIER_IR"] },
    CompressionType: required({ enum: ["NONE", "GZIP", "ZSTD"] }),
  },
  S3TablesConfiguration: {
    TableBucketARN: required(),
    Namespace: required(),
    TableName: required(),
    CompressionType: required({ enum: ["NONE", "ZSTD", "SNAPPY"] }),
    PartitionSpec: {},
  },
  S3TablesDestinationConfiguration: {
    DataFreshnessInSeconds: { min: 300, max: 900 },
    DeadLetterQueueS3Configuration: required(),
    S3TablesConfigurationList: required({ min: 1, max: 1 }),
  },
  S3TablesDestinationUpdateInput: { DataFreshnessInSeconds: required({ min: 300, max: 900 }) },
  StreamFilter: { StreamARN: required(streamArn), StreamCreationTimestamp: {} },
  UpdateChannelInput: {
    ChannelARN: required(channelArn),
    S3DestinationConfiguration: {},
    S3TablesDestinationConfiguration: {},
    LoggingConfiguration: {},
  },
  UpdateStreamRecordDistributionStrategyInput: {
    StreamARN: required(streamArn),
    StreamId: {},
    RecordDistributionStrategy: required({ enum: ["AUTO", "USER_PARTITION_KEY"] }),
  },
};

const folder = process.argv[2];
if (folder === undefined) throw new Error("Which folder holds the models?");
const target = join(dirname(fileURLToPath(import.meta.url)), "..", "protocols", "constraints");

const answers = {};
for (const [
  name,
  { model, error = "ValidationException", indented, inputNamed, ownChecks, schemaChecked, adjust },
] of Object.entries(TABLES)) {
  const description = JSON.parse(readFileSync(join(folder, `${model}.json`), "utf8"));
  answers[name] = boundsOf(tableOf(description, "output"));
  const shapes = ownChecks ? {} : tableOf(description, "input");
  adjust?.(shapes);
  const lines = Object.keys(shapes)
    .sort()
    .map((shape) => `${JSON.stringify(shape)}:${JSON.stringify(shapes[shape])}`);
  const body = lines.length === 0 ? "" : `\n${lines.join(",\n")}\n`;
  writeFileSync(
    join(target, `${name}.json`),
    `{"error":${JSON.stringify(error)},${indented ? '"indented":true,' : ""}${inputNamed ? '"inputNamed":true,' : ""}${schemaChecked ? `"schemaChecked":${JSON.stringify(schemaChecked)},` : ""}"shapes":{${body}}}\n`,
  );
}

const lines = Object.entries(answers).map(([name, shapes]) => `${JSON.stringify(name)}:${JSON.stringify(shapes)}`);
writeFileSync(join(target, "answers.json"), `{\n${lines.join(",\n")}\n}\n`);

/** What bounds a value: enums, lengths and ranges; structures and members without any are left out. */
function boundsOf(table) {
  const bounds = ({ enum: values, min, max, item }) => ({ enum: values, min, max, item: item && bounds(item) });
  const isBound = (facts) => JSON.stringify(facts) !== "{}" && JSON.stringify(facts) !== '{"item":{}}';
  const kept = Object.entries(table).map(([shape, members]) => [
    shape,
    Object.fromEntries(
      Object.entries(members)
        .map(([member, facts]) => [member, bounds(facts)])
        .filter(([, facts]) => isBound(facts)),
    ),
  ]);
  return Object.fromEntries(kept.filter(([, members]) => Object.keys(members).length > 0));
}

/** Every structure the inputs, or the outputs, reach, by name. */
function tableOf({ operations, shapes }, side) {
  const table = {};
  const visit = (name) => {
    const shape = shapes[name];
    if (shape.type === "list") visit(shape.member.shape);
    if (shape.type === "map") visit(shape.value.shape);
    if (shape.type !== "structure" || table[name] !== undefined) return;
    table[name] = {};
    for (const [member, reference] of Object.entries(shape.members ?? {})) {
      table[name][member] = factsOf(shapes, reference.shape, shape.required?.includes(member));
      visit(reference.shape);
    }
  };
  for (const { [side]: reference } of Object.values(operations)) if (reference !== undefined) visit(reference.shape);
  return table;
}

/** `inMap`: facts of a map's keys or values, whose rules are told all together, those that cannot be broken included. */
function factsOf(shapes, name, required, inMap = false) {
  const shape = shapes[name];
  const facts = {};
  if (required) facts.required = true;
  if (shape.pattern !== undefined) facts.pattern = shape.pattern;
  // A minimum of zero cannot be missed by a length.
  if (shape.min !== undefined && (inMap || !(LENGTHS.has(shape.type) && shape.min === 0))) facts.min = shape.min;
  if (shape.max !== undefined) facts.max = shape.max;
  if (shape.enum !== undefined) facts.enum = shape.enum;
  if (WIDTHS.has(shape.type)) facts.type = shape.type;
  // Some models tell lengths by the names of their types alone.
  const [, least, most, kilo] = /^(?:String|Uri)WithLengthBetween(\d+)And(\d+)(K?)$/.exec(name) ?? [];
  if (least !== undefined && Number(least) > 0) facts.min = Number(least);
  if (most !== undefined) facts.max = Number(most) * (kilo === "" ? 1 : 1024);
  const inner = shape.type === "list" ? shape.member.shape : shape.type === "map" ? shape.value.shape : undefined;
  if (inner !== undefined) addUnlessEmpty(facts, "item", factsOf(shapes, inner, false, shape.type === "map"));
  if (shape.type === "map") addUnlessEmpty(facts, "key", factsOf(shapes, shape.key.shape, false, true));
  return facts;
}

function addUnlessEmpty(facts, name, inner) {
  if (Object.keys(inner).length > 0) facts[name] = inner;
}

/**
 * StreamId is reserved: whatever it holds is ignored. A stream that distributes records by itself takes them without a
 * partition key, and the channels and their kin are newer than the older SDKs' descriptions.
 */
function kinesis(shapes) {
  Object.assign(shapes, newerKinesis);
  for (const members of Object.values(shapes)) if (members.StreamId !== undefined) members.StreamId = {};
  for (const name of ["PutRecordInput", "PutRecordsRequestEntry"]) delete shapes[name].PartitionKey.required;
  shapes.CreateStreamInput.RecordDistributionStrategy = { enum: ["AUTO", "USER_PARTITION_KEY"] };
  // The order in which AWS lists these values, and the patterns as it prints them.
  const orders = [
    ["ON_DEMAND", "PROVISIONED"],
    [
      ...["ALL", "IteratorAgeMilliseconds", "IncomingBytes", "WriteProvisionedThroughputExceeded", "OutgoingRecords"],
      ...["ReadProvisionedThroughputExceeded", "IncomingRecords", "OutgoingBytes"],
    ],
    ["AFTER_SEQUENCE_NUMBER", "LATEST", "AT_TIMESTAMP", "AT_SEQUENCE_NUMBER", "TRIM_HORIZON"],
  ];
  everyFact(shapes, (facts) => {
    for (const order of orders) if (sameMembers(facts.enum, order)) facts.enum = order;
    if (facts.pattern?.startsWith("0|([1-9]")) facts.pattern = `^(${facts.pattern})$`;
  });
}

function everyFact(shapes, visit) {
  const walk = (facts) => {
    visit(facts);
    for (const inner of [facts.item, facts.key]) if (inner !== undefined) walk(inner);
  };
  for (const members of Object.values(shapes)) for (const facts of Object.values(members)) walk(facts);
}

function sameMembers(a, b) {
  return a !== undefined && a.length === b.length && a.every((value) => b.includes(value));
}

/** Members that only AWS's own copy of the model has; they show where an entry is printed. */
function eventbridge(shapes) {
  Object.assign(shapes.PutEventsRequestEntry, { KmsKeyIdentifier: {}, InternalMetadata: {} });
  const methods = ["HEAD", "POST", "PATCH", "DELETE", "PUT", "GET", "OPTIONS"];
  const kinds = ["BASIC", "OAUTH_CLIENT_CREDENTIALS", "API_KEY"];
  everyFact(shapes, (facts) => {
    for (const order of [methods, kinds]) if (sameMembers(facts.enum, order)) facts.enum = order;
  });
  for (const verb of ["Create", "Update"]) shapes[`${verb}ConnectionOAuthRequestParameters`].HttpMethod.anyCase = true;
  // Here lengths are told before patterns, but for connections and API destinations.
  for (const [name, members] of Object.entries(shapes)) {
    if (/Connection|ApiDestination/.test(name)) continue;
    everyFact({ [name]: members }, (facts) => {
      const { pattern } = facts;
      if (pattern === undefined) return;
      delete facts.pattern;
      facts.pattern = pattern;
    });
  }
}

/** The orders in which AWS lists these values. Endpoint types it checks itself. */
function apigateway(shapes) {
  shapes.EndpointConfiguration.types = {};
  const orders = [
    ["add", "remove", "move", "test", "replace", "copy"],
    ["HTTP", "MOCK", "AWS_PROXY", "HTTP_PROXY", "AWS"],
    ["MONTH", "WEEK", "DAY"],
    [
      ...["RESPONSE_BODY", "RESPONSE", "METHOD", "MODEL", "AUTHORIZER", "RESPONSE_HEADER", "RESOURCE"],
      ...["PATH_PARAMETER", "REQUEST_BODY", "QUERY_PARAMETER", "API", "REQUEST_HEADER"],
    ],
    [
      ...["REQUEST_TOO_LARGE", "RESOURCE_NOT_FOUND", "AUTHORIZER_CONFIGURATION_ERROR", "MISSING_AUTHENTICATION_TOKEN"],
      ...["BAD_REQUEST_BODY", "INVALID_SIGNATURE", "INVALID_API_KEY", "BAD_REQUEST_PARAMETERS", "AUTHORIZER_FAILURE"],
      ...["UNAUTHORIZED", "INTEGRATION_TIMEOUT", "ACCESS_DENIED", "DEFAULT_4XX", "DEFAULT_5XX", "WAF_FILTERED"],
      ...["QUOTA_EXCEEDED", "THROTTLED", "API_CONFIGURATION_ERROR", "UNSUPPORTED_MEDIA_TYPE", "INTEGRATION_FAILURE"],
      "EXPIRED_TOKEN",
    ],
  ];
  everyFact(shapes, (facts) => {
    for (const order of orders) if (sameMembers(facts.enum, order)) facts.enum = order;
  });
}

/** The order in which AWS lists these values. */
function stepfunctions(shapes) {
  shapes.ListExecutionsInput.statusFilter.enum = [
    "SUCCEEDED",
    "TIMED_OUT",
    "PENDING_REDRIVE",
    "ABORTED",
    "FAILED",
    "RUNNING",
  ];
}

/** Protocols, authorizers and integrations are told apart in the service's own words. */
function apigatewayv2(shapes) {
  delete shapes.CreateApiRequest.ProtocolType.enum;
  // Empty texts take a setting away, unless nothing can be made without it.
  for (const [name, members] of Object.entries(shapes)) {
    if (!/^Update|^AccessLogSettings$/.test(name)) continue;
    const made = shapes[name.replace("Update", "Create")];
    const settings = Object.entries(members).filter(([member]) => made?.[member]?.required !== true);
    everyFact({ [name]: Object.fromEntries(settings) }, (facts) => facts.min === 1 && delete facts.min);
  }
}

/** How many policies a session can have only the documentation says. */
function sts(shapes) {
  for (const { PolicyArns } of Object.values(shapes)) if (PolicyArns) PolicyArns.max = 10;
}

/** SNS tells a missing ARN itself, in its own words, and a wrong one before missing attributes. */
function sns(shapes) {
  delete shapes.SetPlatformApplicationAttributesInput.Attributes.required;
  for (const members of Object.values(shapes)) {
    for (const name of ["TopicArn", "SubscriptionArn", "EndpointArn", "PlatformApplicationArn"]) {
      delete members[name]?.required;
    }
  }
}
