/** An endpoint that speaks as much of KMS as SQS asks for, and remembers what it was asked. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";

export interface Asked {
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
  /** The access key id in the credential scope. */
  readonly account: string | undefined;
}

export interface KmsRefusal {
  readonly code: string;
  readonly message: string;
  readonly status?: number;
}

export async function startKms() {
  const asked: Asked[] = [];
  const kms = {
    url: "",
    asked,
    /** The operations asked since the last look, which this forgets. */
    operations: () => asked.splice(0).map(({ operation }) => operation),
    /** How these operations are refused from now on. */
    refusals: new Map<string, KmsRefusal>(),
    /** When set, answers wait for it. */
    held: undefined as Promise<unknown> | undefined,
    close: async () => {},
  };
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", async () => {
      const input = JSON.parse(Buffer.concat(chunks).toString()) as Record<string, unknown>;
      const operation = String(request.headers["x-amz-target"]).replace("TrentService.", "");
      const account = /Credential=(\d{12})\//.exec(request.headers.authorization ?? "")?.[1];
      asked.push({ operation, input, account });
      await kms.held;
      const refusal = kms.refusals.get(operation);
      const { status, body } = refusal
        ? { status: refusal.status ?? 400, body: { __type: refusal.code, message: refusal.message } }
        : { status: 200, body: answerTo(operation, input) };
      response.writeHead(status, { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": "the-request" });
      response.end(JSON.stringify(body));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  kms.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  kms.close = () => {
    server.closeAllConnections();
    return new Promise<void>((resolve) => server.close(() => resolve()));
  };
  return kms;
}

function answerTo(operation: string, input: Readonly<Record<string, unknown>>): object {
  const Plaintext = Buffer.alloc(32).toString("base64");
  if (operation === "Decrypt") return { Plaintext, KeyId: "k" };
  return { Plaintext, KeyId: input["KeyId"], CiphertextBlob: Buffer.from(`of ${input["KeyId"]}`).toString("base64") };
}
