/**
 * The one file that imports the Smithy schema library: the SDK clients' exported schemas become the service and
 * operation models that codecs are compiled from.
 */
import { NormalizedSchema } from "@smithy/core/schema";
import type { ErrorSchema } from "./error.ts";
import type { ProtocolName } from "./protocol.ts";
import type { Constraints, MemberFacts } from "./validate.ts";

export type Shape = NormalizedSchema;

/** An operation as the SDK clients export it (`SendMessage$`): `[9, namespace, name, traits, input, output]`. */
export type OperationSchema = readonly [9, string, string, OperationTraits | number, SchemaRef, SchemaRef];

type SchemaRef = Parameters<typeof NormalizedSchema.of>[0];

interface OperationTraits {
  readonly http?: readonly [method: string, uri: string, code: number];
  readonly endpoint?: readonly string[];
}

/** Payloads of 256 KiB whose characters are all escaped, in six bytes each, and what is around them. */
const defaultBodyBytes = 2 * 1024 * 1024;

/** How one AWS service is spoken to. The facts are those of the service's published description. */
export interface ServiceDeclaration {
  /** The folder's name and the name in control routes: `sqs`. */
  readonly name: string;
  /** SigV4 signing names under which requests of this service arrive, the service's own first. */
  readonly signingNames: readonly string[];
  /** First labels of the service's host names (`sqs`, `sync-states`). */
  readonly hostPrefixes: readonly string[];
  /** API version of the Query protocol and of the model, `2012-11-05`. */
  readonly version: string;
  /** Prefix of `X-Amz-Target` before the dot; absent when the service has no RPC over JSON. */
  readonly targetPrefix?: string;
  /** Namespace of Query answers; absent when the service has no Query protocol. */
  readonly xmlNamespace?: string;
  /** JSON errors carry `x-amzn-query-error` (awsQueryCompatible). */
  readonly queryCompatible?: boolean;
  /** Answers carry `x-amz-id-2` beside the request id, as Kinesis's do. */
  readonly extendedRequestId?: boolean;
  /** Most bytes of a request's body, inflated: what the largest request may take in its longest spelling. Default: 2 MiB. */
  readonly maxBodyBytes?: number;
  /** The service's own words for a body that is larger, where it has any. */
  readonly bodyTooLarge?: (operation: string) => string;
  readonly protocols: readonly ProtocolName[];
  /** The SDK client's module: every export that is an operation schema becomes an operation. */
  readonly schemas: Readonly<Record<string, unknown>>;
  /** Length, range, pattern and enum facts of `protocols/constraints/<name>.json`. */
  readonly constraints: Constraints;
}

export interface ServiceModel extends Omit<ServiceDeclaration, "schemas"> {
  /** Smithy namespace, `com.amazonaws.sqs`. */
  readonly namespace: string;
  readonly maxBodyBytes: number;
  readonly operations: ReadonlyMap<string, OperationModel>;
  /** The errors of the service's model by shape name. */
  readonly errors: ReadonlyMap<string, ErrorSchema>;
}

export interface OperationModel {
  readonly name: string;
  readonly service: ServiceModel;
  readonly input: Shape;
  readonly output: Shape;
  /** REST binding; absent for operations without an HTTP trait. */
  readonly http: { readonly method: string; readonly uri: string; readonly status: number } | undefined;
}

/** Builds a service's model from its declaration. Shapes are resolved when a codec first asks for them. */
export function serviceModel(declaration: ServiceDeclaration): ServiceModel {
  const operations = new Map<string, OperationModel>();
  const { schemas, ...rest } = declaration;
  const errors = new Map<string, ErrorSchema>();
  const service = { maxBodyBytes: defaultBodyBytes, ...rest, operations, errors, namespace: "" };
  for (const schema of Object.values(schemas)) {
    if (isErrorSchema(schema)) errors.set(schema[2], schema);
    if (!isOperationSchema(schema)) continue;
    service.namespace = schema[1];
    operations.set(schema[2], operationModel(service, schema));
  }
  return service;
}

function operationModel(service: ServiceModel, schema: OperationSchema): OperationModel {
  const traits = typeof schema[3] === "object" ? schema[3] : {};
  let input: Shape | undefined;
  let output: Shape | undefined;
  return {
    name: schema[2],
    service,
    get input() {
      return (input ??= NormalizedSchema.of(schema[4]));
    },
    get output() {
      return (output ??= NormalizedSchema.of(schema[5]));
    },
    http: traits.http && { method: traits.http[0], uri: traits.http[1], status: traits.http[2] },
  };
}

function isOperationSchema(value: unknown): value is OperationSchema {
  return Array.isArray(value) && value[0] === 9;
}

/** The clients' own base errors, of no service's model, live in namespaces of the SDK. */
function isErrorSchema(value: unknown): value is ErrorSchema {
  return Array.isArray(value) && value[0] === -3 && !String(value[1]).startsWith("smithy.");
}

/** The shape of an error's schema, for encoding its members. */
export function shapeOf(schema: unknown): Shape {
  return NormalizedSchema.of(schema as SchemaRef);
}

export type Kind =
  | "string"
  | "boolean"
  | "number"
  | "blob"
  | "timestamp"
  | "document"
  | "list"
  | "map"
  | "struct"
  | "unit";

/** What a shape is; unions and errors are structures. */
export function kindOf(shape: Shape): Kind {
  if (shape.isUnitSchema()) return "unit";
  if (shape.isStructSchema()) return "struct";
  if (shape.isListSchema()) return "list";
  if (shape.isMapSchema()) return "map";
  if (shape.isBlobSchema()) return "blob";
  if (shape.isTimestampSchema()) return "timestamp";
  if (shape.isBooleanSchema()) return "boolean";
  if (shape.isNumericSchema() || shape.isBigIntegerSchema() || shape.isBigDecimalSchema()) return "number";
  if (shape.isDocumentSchema()) return "document";
  return "string";
}

/** Whether a shape has no members and no items. */
export function isScalar(shape: Shape): boolean {
  return !["struct", "list", "map"].includes(kindOf(shape));
}

export type TimestampFormat = "date-time" | "http-date" | "epoch-seconds";

/** How a timestamp is written: as its own trait says, or as the protocol does where it stands. */
export function timestampFormat(shape: Shape, fallback: TimestampFormat): TimestampFormat {
  const schema = shape.getSchema();
  return schema === 5 ? "date-time" : schema === 6 ? "http-date" : schema === 7 ? "epoch-seconds" : fallback;
}

/** A member of a structure with the facts the model's constraints know of it. */
export interface Member {
  readonly name: string;
  readonly shape: Shape;
  readonly facts: MemberFacts | undefined;
}

export function membersOf(shape: Shape, constraints: Constraints): Member[] {
  const facts = constraints.shapes?.[shape.getName() ?? ""];
  return [...shape.structIterator()].map(([name, member]) => ({ name, shape: member, facts: facts?.[name] }));
}

/** The members a structure must have, as far as its schema knows: it names them first and tells how many they are. */
export function requiredMembers(shape: Shape): readonly string[] {
  if (!shape.isStructSchema()) return [];
  const schema = shape.getSchema() as readonly unknown[];
  const [names, count = 0] = [schema[4] as readonly string[], schema[6] as number | undefined];
  return names.slice(0, count);
}

/** Whether the model asks for a value to be kept out of messages. */
export function isSensitive(shape: Shape): boolean {
  return Boolean((shape.getMergedTraits() as { sensitive?: 0 | 1 }).sensitive);
}

/** Whether a list or a map may hold nulls. */
export function isSparse(shape: Shape): boolean {
  return Boolean((shape.getOwnTraits() as { sparse?: 0 | 1 }).sparse);
}

/** Whether a member of an event union is an error of the model. */
export function isErrorShape(shape: Shape): boolean {
  return isErrorSchema(shape.getSchema());
}
