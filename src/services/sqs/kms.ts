/**
 * KMS's permission for uses of a queue's key, where the user has named an endpoint for it. Messages are not encrypted:
 * KMS is called as often as SQS calls it, so that what it refuses is refused (SQS developer guide: key management).
 */

import {
  KmsAccessDenied$,
  KmsDisabled$,
  KmsInvalidKeyUsage$,
  KmsInvalidState$,
  KmsNotFound$,
  KmsOptInRequired$,
  KmsThrottled$,
} from "@aws-sdk/client-sqs";
import { AwsError, type ErrorSchema } from "../../../protocols/error.ts";
import { getOwn, textOf } from "../../../protocols/unknown-json.ts";
import type { Principal } from "../../calls/identity.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { unavailable } from "../../calls/refusals.ts";
import { callAwsJson, errorOf, type JsonService, objectOf } from "../../outside/aws-json-call.ts";
import { type HttpAnswer, HttpCallError } from "../../outside/http-client.ts";
import { queueDoesNotExist } from "./errors.ts";
import type { Sqs } from "./sqs.ts";
import { type DataKeyRow, dataKeyTable, type QueueRow } from "./tables.ts";

const kms: JsonService = { target: "TrentService", version: "1.1", signingName: "kms" };
const timeoutMs = 10_000;

/** SQS's errors for KMS's errors. */
const errors: Readonly<Record<string, ErrorSchema>> = {
  AccessDeniedException: KmsAccessDenied$,
  DisabledException: KmsDisabled$,
  InvalidKeyUsageException: KmsInvalidKeyUsage$,
  KMSInvalidStateException: KmsInvalidState$,
  NotFoundException: KmsNotFound$,
  OptInRequired: KmsOptInRequired$,
  OptInRequiredException: KmsOptInRequired$,
  ThrottlingException: KmsThrottled$,
};

/** Bounded, since principals come from clients; for a forgotten one KMS is called once more. */
const maxRemembered = 10_000;

/** For a producer a data key is generated and decrypted, for a consumer it is decrypted. */
export type KeyUse = "produce" | "consume";

export class Kms {
  readonly #sqs: Sqs;
  readonly #url: string | undefined;
  readonly #dataKeys;
  /** Until when a principal may use a queue's data key without another call of KMS, epoch ms. */
  readonly #until = new Map<string, number>();
  /** Calls under way: others with the same question wait for the same answer. */
  readonly #asking = new Map<string, Promise<void>>();

  constructor(sqs: Sqs) {
    this.#sqs = sqs;
    this.#url = sqs.deps.options.endpoints?.["kms"];
    this.#dataKeys = sqs.deps.store.table(dataKeyTable);
  }

  /** Whether there is a KMS to call. */
  get isThere(): boolean {
    return this.#url !== undefined;
  }

  /** Whether KMS must be called before the caller may use the queue's key. */
  mustAsk(queue: QueueRow, use: KeyUse, { principal }: OperationContext): boolean {
    if (this.#url === undefined) return false;
    const keyId = queue.texts["KmsMasterKeyId"];
    // AWS's own key exists for every account and cannot be taken away.
    if (keyId === undefined || /(^|:)alias\/aws\/sqs$/.test(keyId)) return false;
    return (this.#until.get(question(queue, use, principal)) ?? 0) <= this.#sqs.now;
  }

  /**
   * Calls KMS on the caller's behalf. Permission lasts for the queue's KmsDataKeyReusePeriodSeconds.
   * @throws AwsError one of the Kms errors, or ServiceUnavailable when KMS gives no answer or another error.
   */
  ask(queue: QueueRow, use: KeyUse, context: OperationContext): Promise<void> {
    const asked = question(queue, use, context.principal);
    let asking = this.#asking.get(asked);
    if (!asking) {
      const obtained = this.#obtain(queue, use, context).finally(() => this.#asking.delete(asked));
      asking = this.#sqs.deps.clock.track(obtained);
      this.#asking.set(asked, asking);
    }
    return asking;
  }

  /**
   * Runs an action that needs the queue's key, in a transaction, once KMS has allowed it.
   * @throws AwsError as `ask`, and QueueDoesNotExist when the queue was deleted meanwhile.
   */
  async afterAsking<T>(queue: QueueRow, use: KeyUse, context: OperationContext, run: () => T): Promise<T> {
    await this.ask(queue, use, context);
    if (!this.#sqs.current(queue)) throw queueDoesNotExist(context.protocol);
    return context.invocation.cause.run(() => this.#sqs.deps.store.transaction(run));
  }

  /** Drops the data key of a deleted queue. */
  forget(queueArn: string): void {
    this.#dataKeys.delete(queueArn);
  }

  async #obtain(queue: QueueRow, use: KeyUse, context: OperationContext): Promise<void> {
    await this.#sqs.deps.store.untilDurable();
    const { arn, account, texts } = queue;
    const EncryptionContext = { "aws:sqs:arn": arn };
    let CiphertextBlob = use === "produce" ? undefined : this.#dataKeys.get(arn)?.ciphertext;
    // Messages that came as a delivery or a dead letter brought no data key, so their first reader has one generated.
    if (CiphertextBlob === undefined) {
      const wanted = { KeyId: texts["KmsMasterKeyId"], KeySpec: "AES_256", EncryptionContext };
      const made = await this.#call("GenerateDataKey", wanted, context);
      CiphertextBlob = textOf(made["CiphertextBlob"] ?? "");
    }
    await this.#call("Decrypt", { CiphertextBlob, EncryptionContext }, context);
    if (!this.#sqs.current(queue)) return;
    const row: DataKeyRow = { queue: arn, account, ciphertext: CiphertextBlob };
    if (use === "produce") this.#sqs.deps.store.transaction(() => this.#dataKeys.put(row));
    if (this.#until.size >= maxRemembered) this.#until.clear();
    const reuseMs = Number(texts["KmsDataKeyReusePeriodSeconds"]) * 1000;
    this.#until.set(question(queue, use, context.principal), this.#sqs.now + reuseMs);
  }

  async #call(operation: string, input: object, { account, region, invocation }: OperationContext) {
    let answer: HttpAnswer;
    try {
      const { now: nowMs } = this.#sqs;
      const body = JSON.stringify(input);
      answer = await callAwsJson(this.#url as string, {
        service: kms,
        operation,
        body,
        account,
        region,
        nowMs,
        timeoutMs,
        trace: invocation.trace,
      });
    } catch (error) {
      if (!(error instanceof HttpCallError)) throw error;
      throw unavailable(`KMS at ${this.#url} does not answer: ${error.message}`);
    }
    if (answer.status < 300) return objectOf(answer);
    const { code, message } = errorOf(answer);
    const requestId = answer.headers["x-amzn-requestid"] ?? this.#sqs.deps.random.fork("requests").uuid();
    const text = `${message} (Service: AWSKMS; Status Code: ${answer.status}; Error Code: ${code}; Request ID: ${requestId}; Proxy: null)`;
    const schema = getOwn(errors, code);
    throw schema === undefined ? unavailable(text) : AwsError.of(schema, text);
  }
}

/** Another key, or a queue created again under the same name, is another question. */
function question(queue: QueueRow, use: KeyUse, principal: Principal): string {
  return `${use} ${queue.serial} ${queue.texts["KmsMasterKeyId"]} ${principal.arn}`;
}
