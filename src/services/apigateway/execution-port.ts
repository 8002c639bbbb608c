/** What the control plane needs from execution, which sets itself as `ApiGateway.execution`. */
import type { Invocation } from "../../calls/invocation.ts";
import type { MethodDefinition, Texts } from "./definitions.ts";
import type { ApiSnapshot, SnapshotResource } from "./snapshot.ts";

/** The request of TestInvokeMethod: the API as it is now, without keys, authorizers and throttles. */
export interface TestInvocation {
  readonly snapshot: ApiSnapshot;
  readonly resource: SnapshotResource;
  readonly method: MethodDefinition;
  /** The verb that is invoked. */
  readonly httpMethod: string;
  readonly pathWithQueryString?: string;
  readonly body?: string;
  readonly headers?: Texts;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly clientCertificateId?: string;
  readonly stageVariables?: Texts;
}

export interface TestInvocationResult {
  readonly status: number;
  readonly body: string;
  readonly headers: Texts;
  readonly multiValueHeaders: Readonly<Record<string, readonly string[]>>;
  readonly log: string;
  /** Milliseconds. */
  readonly latency: number;
}

/** The request of TestInvokeAuthorizer. */
export interface TestAuthorization {
  readonly snapshot: ApiSnapshot;
  readonly authorizerId: string;
  readonly headers?: Texts;
  readonly multiValueHeaders?: Readonly<Record<string, readonly string[]>>;
  readonly pathWithQueryString?: string;
  readonly body?: string;
  readonly stageVariables?: Texts;
}

export interface TestAuthorizationResult {
  /** 0 if the authorizer answered, otherwise the status a client would get. */
  readonly clientStatus: number;
  readonly log: string;
  /** Milliseconds. */
  readonly latency: number;
  readonly principalId?: string;
  /** JSON text. */
  readonly policy?: string;
  readonly authorization?: Readonly<Record<string, readonly string[]>>;
  readonly claims?: Texts;
}

export interface Execution {
  testInvokeMethod(test: TestInvocation, invocation: Invocation): Promise<TestInvocationResult>;
  testInvokeAuthorizer(test: TestAuthorization, invocation: Invocation): Promise<TestAuthorizationResult>;
  /** Forgets everything that is only kept in memory. */
  reset(): void;
  /** Empties a stage's cache. */
  flushStageCache(apiId: string, stageName: string): void;
  /** Forgets what a stage's authorizers have answered. */
  flushAuthorizersCache(apiId: string, stageName: string): void;
}
