/**
 * Events that AWS services send about themselves to the account's default bus. Clients may not send events whose source
 * begins with `aws.`; services do so through here, inside the transaction of what happened.
 */
export interface AwsEvent {
  readonly account: string;
  readonly region: string;
  /** `aws.states`. */
  readonly source: string;
  /** `Step Functions Execution Status Change`. */
  readonly detailType: string;
  /** ARNs the event is about. */
  readonly resources: readonly string[];
  /** A JSON object. */
  readonly detail: object;
}

/** The way from a service to the default bus. Without EventBridge the events are dropped. */
export class AwsEvents {
  #take: ((event: AwsEvent) => void) | undefined;

  /** For EventBridge: receives every event from here on. */
  onEmit(take: (event: AwsEvent) => void): void {
    this.#take = take;
  }

  /**
   * Inside a transaction: the event is matched and its deliveries are accepted together with what the caller writes.
   */
  emit(event: AwsEvent): void {
    this.#take?.(event);
  }
}
