/**
 * Removes secrets from what is shown: passwords in URLs, signatures and tokens of presigned URLs, credentials in
 * headers.
 */

/** `//user:password@` of a URL; a slash ends its authority. */
const passwords = /(\/\/[^\s/?#:@]*:)[^\s/?#]*@/g;
const signatures = /\b((?:X-Amz-Signature|X-Amz-Security-Token|Signature)=)[^\s&",]+/gi;
const headers = /\b((?:Basic|Bearer)\s+)[\w+/=.~-]+/gi;

/** The text with `****` for each secret, as AWS shows it. */
export function withoutSecrets(text: string): string {
  // Most texts are ARNs and sentences, for which one test is enough.
  if (!/@|signature|token|basic|bearer/i.test(text)) return text;
  return text.replace(passwords, "$1****@").replace(signatures, "$1****").replace(headers, "$1****");
}
