/**
 * Texts shared by all copies of a message: each copy stores its own part separately, and is assembled when it is first
 * read.
 */

/** Where the missing parts of a shared text go. */
export interface Places {
  /** Where a copy's own part goes. */
  readonly ownAt: number;
  /** Where the signature of the text goes, before `ownAt`. */
  readonly signatureAt: number;
}

/** What turns a shared text into one copy's text. */
export interface Copy extends Places {
  readonly own: string;
}

/**
 * Signs a shared text, without the signature and the copies' own parts. The same text always gets the same signature.
 */
export type SignText = (text: string) => string;

/** Length of a signature in base64. */
export const signatureChars = 172;

export function wholeCopy(text: string, { own, ownAt, signatureAt }: Copy, sign: SignText): string {
  return text.slice(0, signatureAt) + sign(text) + text.slice(signatureAt, ownAt) + own + text.slice(ownAt);
}
