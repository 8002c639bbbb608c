/** What goes to a backend or comes from one: a text or bytes (developer guide, content type conversions). */
import type { ContentHandling } from "../definitions.ts";
import { configurationError } from "./gateway-error.ts";

export class Payload {
  readonly isBinary: boolean;
  #bytes: Buffer | undefined;
  #text: string | undefined;

  private constructor(isBinary: boolean, bytes: Buffer | undefined, text: string | undefined) {
    this.isBinary = isBinary;
    this.#bytes = bytes;
    this.#text = text;
  }

  static ofText(text: string): Payload {
    return new Payload(false, undefined, text);
  }

  /** @param isBinary whether their media type is one of the API's binary ones; they are read as UTF-8 if not. */
  static ofBytes(bytes: Buffer, isBinary: boolean): Payload {
    return new Payload(isBinary, bytes, undefined);
  }

  get isEmpty(): boolean {
    return (this.#bytes ?? this.text).length === 0;
  }

  /** What templates see: bytes as base64. */
  get text(): string {
    this.#text ??= (this.#bytes as Buffer).toString(this.isBinary ? "base64" : "utf8");
    return this.#text;
  }

  /** What is sent: a text as UTF-8. */
  get content(): string | Buffer {
    return this.#bytes ?? this.text;
  }

  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.from(this.text));
  }

  /** A text that is base64, as what it stands for. @throws GatewayError for one that is none. */
  decoded(): Payload {
    const text = this.text.replace(/[\r\n]/g, "");
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
      throw configurationError("Unable to base64 decode the body.");
    }
    return new Payload(true, Buffer.from(text, "base64"), undefined);
  }

  /** What a request's payload becomes on the way to the backend. @throws GatewayError */
  converted(handling: ContentHandling | undefined): Payload {
    if (handling === "CONVERT_TO_TEXT") return this.isBinary ? Payload.ofText(this.text) : this;
    if (handling === "CONVERT_TO_BINARY") return this.isBinary ? this : this.decoded();
    return this;
  }

  /**
   * What an answer's payload becomes on the way to the client.
   * @param wantsBytes whether the client accepts a binary type first.
   * @param textOnly the API has no binary types.
   * @throws GatewayError
   */
  answered(handling: ContentHandling | undefined, wantsBytes: boolean, textOnly: boolean): Payload {
    if (handling === "CONVERT_TO_TEXT") return this.isBinary ? Payload.ofText(this.text) : this;
    if (handling === "CONVERT_TO_BINARY") return this.isBinary ? this : this.decoded();
    if (textOnly || this.isBinary === wantsBytes) return this;
    return this.isBinary ? Payload.ofText(this.text) : this.decoded();
  }
}
