import { expect, it } from "vitest";
import { s3Operation } from "../../../protocols/s3-operation.ts";
import { request } from "../../support/wire.ts";

it.each([
  ["GET", "/", "ListBuckets"],
  ["PUT", "/b", "CreateBucket"],
  ["HEAD", "/b", "HeadBucket"],
  ["DELETE", "/b/", "DeleteBucket"],
  ["GET", "/b?list-type=2&prefix=a", "ListObjectsV2"],
  ["GET", "/b?uploads", "ListMultipartUploads"],
  ["POST", "/b?delete", "DeleteObjects"],
  ["PUT", "/b?policy", "PutBucketPolicy"],
  ["GET", "/b/k/with/slashes", "GetObject"],
  ["HEAD", "/b/k", "HeadObject"],
  ["PUT", "/b/k?partNumber=1&uploadId=u", "UploadPart"],
  ["POST", "/b/k?uploads", "CreateMultipartUpload"],
  ["GET", "/b/k?tagging", "GetObjectTagging"],
  ["PUT", "/b/k?x-id=PutObject", "PutObject"],
  ["PATCH", "/b/k", undefined],
])("%s %s is %s", (method, url, operation) => {
  expect(s3Operation(request({ method, url, headers: { host: "localhost:4566" } }))).toBe(operation);
});

it("knows a bucket in the host", () => {
  const headers = { host: "photos.localhost:4566" };
  expect(s3Operation(request({ method: "GET", url: "/k", headers }))).toBe("GetObject");
  expect(s3Operation(request({ method: "PUT", url: "/", headers }))).toBe("CreateBucket");
  expect(s3Operation(request({ method: "PUT", url: "/k", headers: { ...headers, "x-amz-copy-source": "/a/b" } }))).toBe(
    "CopyObject",
  );
});
