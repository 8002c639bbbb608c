/** HTTP requests whose Host, headers and bytes are as they are given, and answers with every header as it came. */
import { request } from "node:http";

export interface RawAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  readonly text: string;
  /** The values of a header, in whatever case. */
  all(name: string): string[];
  header(name: string): string | undefined;
}

export interface RawCall {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer | undefined;
}

/** @param path of the request as it goes out; the URL tells where it goes. */
export function rawHttp(url: string, path: string, { method = "GET", headers = {}, body }: RawCall = {}) {
  const { hostname, port } = new URL(url);
  return new Promise<RawAnswer>((resolve, reject) => {
    const length = body === undefined ? {} : { "Content-Length": String(Buffer.byteLength(body)) };
    const outgoing = request(
      { hostname, port, path, method, agent: false, headers: { ...length, ...headers } as Record<string, string> },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("error", reject);
        answer.on("end", () => {
          const { rawHeaders, statusCode } = answer;
          const bytes = Buffer.concat(chunks);
          const all = (name: string) =>
            rawHeaders.filter((_, at) => at % 2 === 1 && rawHeaders[at - 1]?.toLowerCase() === name.toLowerCase());
          resolve({
            status: statusCode as number,
            rawHeaders,
            body: bytes,
            text: bytes.toString(),
            all,
            header: (name) => all(name).at(-1),
          });
        });
      },
    );
    outgoing.on("error", reject);
    outgoing.end(body);
  });
}
