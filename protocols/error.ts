/**
 * The one error of the house. A service throws it, the protocol in use renders it; anything else that is thrown is a
 * bug, answered as InternalFailure.
 */

/** A modelled error as the SDK clients export it (`QueueDoesNotExist$`): `[-3, namespace, name, traits, members, …]`. */
export type ErrorSchema = readonly [-3, string, string, object | number, ...unknown[]];

interface ErrorTraits {
  readonly error?: "client" | "server";
  readonly httpError?: number;
  /** Query code and HTTP status of the awsQuery protocols. */
  readonly awsQueryError?: readonly [string, number];
}

export type Fault = "client" | "server";

export interface UnmodeledError {
  /** Shape name as it appears in `__type`, for example `ValidationException`. */
  readonly name: string;
  readonly message?: string | undefined;
  /** HTTP status; 400 unless told. */
  readonly status?: number;
  /** Namespace in `__type`; `com.amazon.coral.service` unless told. */
  readonly namespace?: string;
  /** The code over Query and in `x-amzn-query-error`; the name unless told. */
  readonly queryCode?: string;
  readonly fault?: Fault;
}

export class AwsError extends Error {
  override readonly name: string;
  readonly namespace: string;
  /** HTTP status for JSON, CBOR and REST; Query uses it too unless the model gives a Query status. */
  readonly status: number;
  readonly queryCode: string;
  readonly queryStatus: number;
  readonly fault: Fault;
  /** False when the answer carries no message member at all. */
  readonly hasMessage: boolean;
  /** The schema of a modelled error, by which further members are encoded. */
  readonly schema: ErrorSchema | undefined;
  /** Members besides the message, for example `resourceName`. */
  readonly members: Readonly<Record<string, unknown>>;

  private constructor(error: UnmodeledError, schema?: ErrorSchema, members: Record<string, unknown> = {}) {
    super(error.message ?? "");
    this.name = error.name;
    this.namespace = error.namespace ?? "com.amazon.coral.service";
    this.status = error.status ?? (error.fault === "server" ? 500 : 400);
    this.queryCode = error.queryCode ?? error.name;
    this.queryStatus = this.status;
    this.fault = error.fault ?? (this.status >= 500 ? "server" : "client");
    this.hasMessage = error.message !== undefined;
    this.schema = schema;
    this.members = members;
  }

  /**
   * An error of the service's own model: `AwsError.of(QueueDoesNotExist$, "The specified queue does not exist.")`.
   * @param wire status and namespace, where the service answers with others than its model says.
   */
  static of(
    schema: ErrorSchema,
    message?: string,
    members: Record<string, unknown> = {},
    wire: Pick<UnmodeledError, "status" | "namespace"> = {},
  ): AwsError {
    const [, namespace, name, rawTraits] = schema;
    const traits: ErrorTraits = typeof rawTraits === "object" ? rawTraits : {};
    const fault: Fault = traits.error ?? "client";
    return new AwsError(
      {
        name,
        message,
        namespace: wire.namespace ?? namespace,
        fault,
        // The HTTP trait serves the JSON and REST protocols; a Query-compatible service has its own status, and SQS,
        // the one service that speaks both, answers JSON with the Query status as well.
        status: wire.status ?? traits.awsQueryError?.[1] ?? traits.httpError ?? (fault === "server" ? 500 : 400),
        queryCode: traits.awsQueryError?.[0] ?? name,
      },
      schema,
      members,
    );
  }

  /** An error AWS answers without modelling it, such as ValidationException or SerializationException. */
  static unmodeled(error: UnmodeledError): AwsError {
    return new AwsError(error);
  }
}
