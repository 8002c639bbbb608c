/** Which operation of S3 a request is, by its method, its path and its query alone. */
import type { WireRequest } from "./protocol.ts";

/** Of a bucket, by the parameter that names them, with what they are called after `Get`, `Put` or `Delete`. */
const ofBuckets: Readonly<Record<string, string>> = {
  acl: "BucketAcl",
  accelerate: "BucketAccelerateConfiguration",
  analytics: "BucketAnalyticsConfiguration",
  cors: "BucketCors",
  encryption: "BucketEncryption",
  "intelligent-tiering": "BucketIntelligentTieringConfiguration",
  inventory: "BucketInventoryConfiguration",
  lifecycle: "BucketLifecycleConfiguration",
  location: "BucketLocation",
  logging: "BucketLogging",
  metrics: "BucketMetricsConfiguration",
  notification: "BucketNotificationConfiguration",
  "object-lock": "ObjectLockConfiguration",
  ownershipControls: "BucketOwnershipControls",
  policy: "BucketPolicy",
  policyStatus: "BucketPolicyStatus",
  publicAccessBlock: "PublicAccessBlock",
  replication: "BucketReplication",
  requestPayment: "BucketRequestPayment",
  tagging: "BucketTagging",
  versioning: "BucketVersioning",
  website: "BucketWebsite",
};

const ofObjects: Readonly<Record<string, string>> = {
  acl: "ObjectAcl",
  attributes: "ObjectAttributes",
  "legal-hold": "ObjectLegalHold",
  retention: "ObjectRetention",
  tagging: "ObjectTagging",
  torrent: "ObjectTorrent",
};

const verbs = new Map([
  ["GET", "Get"],
  ["PUT", "Put"],
  ["DELETE", "Delete"],
  ["HEAD", "Head"],
]);

/** Undefined when the request is none that we know. */
export function s3Operation({ method, path, query, headers }: WireRequest): string | undefined {
  const parameters = new URLSearchParams(query);
  // The SDK for JavaScript says it itself.
  const told = parameters.get("x-id");
  if (told !== null) return told;
  const segments = path.split("/").slice(1);
  const inHost = hasBucket(headers["host"]);
  const bucket = inHost || (segments[0] ?? "") !== "";
  const key = segments.slice(inHost ? 0 : 1).join("/");
  if (!bucket) return method === "GET" ? "ListBuckets" : undefined;
  return key === "" ? bucketOperation(method, parameters) : objectOperation(method, parameters, headers);
}

/** Whether the host's first label is a bucket: `photos.s3.amazonaws.com`, `photos.localhost`. */
function hasBucket(host: string | string[] | undefined): boolean {
  if (typeof host !== "string" || /^[\d.]+(:\d+)?$/.test(host)) return false;
  return host.includes(".") && !/^(s3|localhost)\b/i.test(host);
}

function bucketOperation(method: string, parameters: URLSearchParams): string | undefined {
  const noun = nounOf(ofBuckets, parameters);
  if (noun !== undefined) return method === "HEAD" ? undefined : named(method, noun);
  if (method === "POST") return parameters.has("delete") ? "DeleteObjects" : undefined;
  if (method === "PUT") return "CreateBucket";
  if (method !== "GET") return named(method, "Bucket");
  if (parameters.has("uploads")) return "ListMultipartUploads";
  if (parameters.has("versions")) return "ListObjectVersions";
  return parameters.get("list-type") === "2" ? "ListObjectsV2" : "ListObjects";
}

function objectOperation(
  method: string,
  parameters: URLSearchParams,
  headers: WireRequest["headers"],
): string | undefined {
  const copies = headers["x-amz-copy-source"] !== undefined;
  if (parameters.has("uploadId")) {
    const part = copies ? "UploadPartCopy" : "UploadPart";
    const operations = { GET: "ListParts", PUT: part, POST: "CompleteMultipartUpload", DELETE: "AbortMultipartUpload" };
    return Object.hasOwn(operations, method) ? operations[method as keyof typeof operations] : undefined;
  }
  const noun = nounOf(ofObjects, parameters);
  if (noun !== undefined) return method === "HEAD" ? undefined : named(method, noun);
  if (method === "PUT" && copies) return "CopyObject";
  if (method !== "POST") return named(method, "Object");
  if (parameters.has("uploads")) return "CreateMultipartUpload";
  return parameters.has("restore") ? "RestoreObject" : parameters.has("select") ? "SelectObjectContent" : undefined;
}

function named(method: string, noun: string): string | undefined {
  const verb = verbs.get(method);
  return verb === undefined ? undefined : `${verb}${noun}`;
}

function nounOf(nouns: Readonly<Record<string, string>>, parameters: URLSearchParams): string | undefined {
  for (const name of parameters.keys()) if (Object.hasOwn(nouns, name)) return nouns[name];
  return undefined;
}
