/** Plain HTTP requests, for what no SDK client would send. */

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export async function http(url: string, init: RequestInit = {}): Promise<Answer> {
  const response = await fetch(url, init);
  return { status: response.status, headers: response.headers, text: await response.text() };
}

/** Posts form parameters as an old Query client does. */
export function postForm(url: string, parameters: Record<string, string>, headers: Record<string, string> = {}) {
  return http(url, {
    method: "POST",
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8", ...headers },
    body: new URLSearchParams(parameters).toString(),
  });
}

/** Posts AWS JSON 1.0. */
export function postJson(url: string, target: string, body: unknown, headers: Record<string, string> = {}) {
  return http(url, {
    method: "POST",
    headers: { "content-type": "application/x-amz-json-1.0", "x-amz-target": target, ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
}
