/** Queues: create, find, list, purge and delete. */
import {
  CreateQueue$,
  type CreateQueueCommand,
  DeleteQueue$,
  type DeleteQueueCommand,
  GetQueueUrl$,
  type GetQueueUrlCommand,
  ListDeadLetterSourceQueues$,
  type ListDeadLetterSourceQueuesCommand,
  ListQueues$,
  type ListQueuesCommand,
  PurgeQueue$,
  type PurgeQueueCommand,
  PurgeQueueInProgress$,
  QueueDeletedRecently$,
  QueueDoesNotExist$,
  QueueNameExists$,
} from "@aws-sdk/client-sqs";
import { AwsError } from "../../../protocols/error.ts";
import { formatArn } from "../../calls/arn.ts";
import { decodeToken, encodeToken, takePage, withPrefix } from "../../calls/page.ts";
import { invalidParameterValue, invalidValue, missingParameter, queueDoesNotExist } from "./errors.ts";
import { applyAttributes, initialSettings, shownSettings } from "./queue-attributes.ts";
import { operation, type Sqs } from "./sqs.ts";
import type { QueueRow } from "./tables.ts";
import { checkTags } from "./tags.ts";

const minuteMs = 60_000;
const maxPage = 1000;

export const createQueue = operation<CreateQueueCommand>(CreateQueue$, (input, context) => {
  const { service, account, region, origin } = context;
  const name = input.QueueName;
  if (name === undefined) throw missingParameter("QueueName");
  const attributes = (input.Attributes ?? {}) as Record<string, string>;
  const fifo = attributes["FifoQueue"]?.toLowerCase() === "true";
  checkName(name, fifo);
  const arn = formatArn("sqs", region, account, name);
  const lookup = { arn, find: (target: string) => service.queues.get(target) };
  const settings = applyAttributes(initialSettings(fifo), attributes, fifo, lookup);
  const tags = checkTags(input.tags);
  checkDeletedRecently(service, arn);
  const existing = service.queues.get(arn);
  if (existing) {
    checkSameAttributes(existing, attributes, shownSettings(settings));
    return { QueueUrl: service.queueUrl(existing, origin) };
  }
  const now = service.now;
  const queue: QueueRow = {
    arn,
    account,
    region,
    name,
    createdMs: now,
    modifiedMs: now,
    serial: service.deps.store.nextSerial(),
    ...settings,
    tags,
    purgedMs: undefined,
  };
  service.queues.put(queue);
  return { QueueUrl: service.queueUrl(queue, origin) };
});

export const deleteQueue = operation<DeleteQueueCommand>(DeleteQueue$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "DeleteQueue");
  service.purges.begin(queue.arn);
  service.moveTasks.forget(queue.arn);
  service.kms.forget(queue.arn);
  service.queues.delete(queue.arn);
  service.longPolls.touched(queue.arn);
  if (service.deps.options.strict) {
    service.deletedQueues.put({ arn: queue.arn, account: queue.account, deletedMs: service.now });
    service.retention.deletedQueues.expect("", service.now + minuteMs);
  }
});

export const getQueueUrl = operation<GetQueueUrlCommand>(GetQueueUrl$, (input, context) => {
  const { service, account, region } = context;
  const { QueueName: name, QueueOwnerAWSAccountId: owner } = input;
  if (name === undefined) throw missingParameter("QueueName");
  const queue = service.queues.get(formatArn("sqs", region, owner ?? account, name));
  if (queue && service.access.isAllowed(queue, context, "GetQueueUrl")) {
    return { QueueUrl: service.queueUrl(queue, context.origin) };
  }
  if (owner === undefined) throw queueDoesNotExist(context.protocol);
  const message = "The specified queue does not exist or you do not have access to it.";
  throw AwsError.of(QueueDoesNotExist$, message);
});

export const listQueues = operation<ListQueuesCommand>(ListQueues$, (input, context) => {
  const { service, account, region, origin } = context;
  const prefix = input.QueueNamePrefix ?? "";
  const after = pageStart(input.MaxResults, input.NextToken);
  const group = `${account} ${region}`;
  const from = after === undefined ? { gte: prefix } : { gt: after };
  const matching = withPrefix(service.queues.by.name.range(group, from), prefix);
  return page(service, matching, input.MaxResults, origin, "QueueUrls");
});

export const listDeadLetterSourceQueues = operation<ListDeadLetterSourceQueuesCommand>(
  ListDeadLetterSourceQueues$,
  (input, context) => {
    const { service, origin } = context;
    const queue = service.queueOf(input.QueueUrl, context, "ListDeadLetterSourceQueues");
    const after = pageStart(input.MaxResults, input.NextToken);
    const sources = service.queues.by.deadLetterTarget.range(queue.arn, after === undefined ? {} : { gt: after });
    const { queueUrls, NextToken } = page(service, sources, input.MaxResults, origin, "queueUrls");
    return { queueUrls: queueUrls ?? [], NextToken };
  },
);

export const purgeQueue = operation<PurgeQueueCommand>(PurgeQueue$, (input, context) => {
  const { service } = context;
  const queue = service.queueOf(input.QueueUrl, context, "PurgeQueue");
  const now = service.now;
  if (service.deps.options.strict && queue.purgedMs !== undefined && now - queue.purgedMs < minuteMs) {
    const message = `Only one PurgeQueue operation on ${queue.name} is allowed every 60 seconds.`;
    throw AwsError.of(PurgeQueueInProgress$, message);
  }
  service.purges.begin(queue.arn);
  service.queues.put({ ...queue, purgedMs: now });
});

function checkName(name: string, fifo: boolean): void {
  if (name === "") throw invalidParameterValue("Queue name cannot be empty");
  if (fifo) {
    if (name.length <= 80 && /^[\w-]+\.fifo$/.test(name)) return;
    throw invalidParameterValue(
      "The name of a FIFO queue can only include alphanumeric characters, hyphens, or underscores, must end with .fifo suffix and be 1 to 80 in length.",
    );
  }
  if (/^[\w-]{1,80}$/.test(name)) return;
  throw invalidParameterValue("Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length");
}

function checkDeletedRecently(service: Sqs, arn: string): void {
  if (!service.deps.options.strict) return;
  service.retention.deletedQueues.run("");
  if (!service.deletedQueues.has(arn)) return;
  throw AwsError.of(
    QueueDeletedRecently$,
    "You must wait 60 seconds after deleting a queue before you can create another with the same name.",
  );
}

/** An existing queue is returned if it has the current value of every attribute that the request names. */
function checkSameAttributes(existing: QueueRow, named: Record<string, string>, asked: Record<string, string>): void {
  const current = shownSettings(existing);
  for (const name of Object.keys(named)) {
    if (current[name] === asked[name]) continue;
    throw AwsError.of(
      QueueNameExists$,
      `A queue already exists with the same name and a different value for attribute ${name}`,
    );
  }
}

/** Where a page begins: the name it follows. */
function pageStart(maxResults: number | undefined, token: string | undefined): string | undefined {
  if (maxResults !== undefined && (maxResults < 1 || maxResults > maxPage)) {
    throw invalidValue(maxResults, "MaxResults", `MaxResults must be an integer between 1 and ${maxPage}.`);
  }
  if (token === undefined) return undefined;
  const name = decodeToken(token);
  if (typeof name !== "string") throw invalidParameterValue("Invalid or expired next token.");
  return name;
}

/** A token is only returned to clients that asked for pages; an empty list is left out. */
function page<Key extends string>(
  service: Sqs,
  queues: Iterable<QueueRow>,
  maxResults: number | undefined,
  origin: string,
  key: Key,
): { [K in Key]?: string[] } & { NextToken?: string } {
  const { items, more } = takePage(queues, maxResults ?? maxPage);
  const urls = items.map((queue) => service.queueUrl(queue, origin));
  const next = more && maxResults !== undefined ? { NextToken: encodeToken(items.at(-1)?.name) } : {};
  return { ...(urls.length > 0 ? { [key]: urls } : {}), ...next } as { [K in Key]?: string[] } & { NextToken?: string };
}
