/** Texts that the copies of a message share: each copy keeps its own part apart, and is whole when it is first read. */

/** Where a shared text lacks something. */
export interface Places {
  /** Where a copy's own part goes. */
  readonly ownAt: number;
  /** Where the signature of the text goes, before `ownAt`. */
  readonly signatureAt: number;
}

/** What makes a shared text one copy's. */
export interface Copy extends Places {
  readonly own: string;
}

/** Signs the shared text as it stands, without signature and own parts. The same text gets the same signature. */
export type SignText = (text: string) => string;

/** Base64 characters of a signature. */
export const signatureChars = 172;

export function wholeCopy(text: string, { own, ownAt, signatureAt }: Copy, sign: SignText): string {
  return text.slice(0, signatureAt) + sign(text) + text.slice(signatureAt, ownAt) + own + text.slice(ownAt);
}
