/** A body on its way to or from a backend, text or bytes (developer guide, content type conversions). */
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

  /** @param isBinary whether the media type is one of the API's binary types; otherwise the bytes are read as UTF-8. */
  static ofBytes(bytes: Buffer, isBinary: boolean): Payload {
    return new Payload(isBinary, bytes, undefined);
  }

  get isEmpty(): boolean {
    return (this.#bytes ?? this.text).length === 0;
  }

  /** The body as templates see it: bytes as base64. */
  get text(): string {
    this.#text ??= (this.#bytes as Buffer).toString(this.isBinary ? "base64" : "utf8");
    return this.#text;
  }

  /** The body as it is sent. */
  get content(): string | Buffer {
    return this.#bytes ?? this.text;
  }

  get bytes(): Buffer {
    return (this.#bytes ??= Buffer.from(this.text));
  }

  /** Decodes a base64 text. @throws GatewayError if it is not base64. */
  decoded(): Payload {
    const text = this.text.replace(/[\r\n]/g, "");
    if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) {
      throw configurationError("Unable to base64 decode the body.");
    }
    return new Payload(true, Buffer.from(text, "base64"), undefined);
  }

  /** Converts a request's body on its way to the backend. @throws GatewayError */
  converted(handling: ContentHandling | undefined): Payload {
    if (handling === "CONVERT_TO_TEXT") return this.isBinary ? Payload.ofText(this.text) : this;
    if (handling === "CONVERT_TO_BINARY") return this.isBinary ? this : this.decoded();
    return this;
  }

  /**
   * Converts an answer's body on its way to the client.
   * @param wantsBytes whether the first type the client accepts is binary.
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
