/** Verifies messages as AWS's developer guide describes it ("Verifying the signatures of Amazon SNS messages"). */
import { createVerify, X509Certificate } from "node:crypto";
import { visit } from "./http-receiver.ts";

const signedKeys: Readonly<Record<string, readonly string[]>> = {
  Notification: ["Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"],
  SubscriptionConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
  UnsubscribeConfirmation: ["Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type"],
};

/** Fetches the message's certificate and says whether its signature is right. */
export async function verifies(message: Record<string, string>): Promise<boolean> {
  const url = new URL(message["SigningCertURL"] ?? "");
  if (!url.pathname.endsWith(".pem")) return false;
  const certificate = new X509Certificate(await (await visit(url)).text());
  const verify = createVerify(message["SignatureVersion"] === "2" ? "RSA-SHA256" : "RSA-SHA1");
  for (const key of signedKeys[message["Type"] ?? ""] ?? []) {
    if (key in message) verify.update(`${key}\n${message[key]}\n`, "utf8");
  }
  return verify.verify(certificate.publicKey, message["Signature"] ?? "", "base64");
}
