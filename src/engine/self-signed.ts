/** Makes self-signed certificates. */

type Generate = typeof import("selfsigned").generate;

/** The library's `generate`, loaded only here: certificates are rarely made, and the library is large. */
export async function generateCertificate(...options: Parameters<Generate>): Promise<Awaited<ReturnType<Generate>>> {
  const library = await import("selfsigned");
  // Once bundled, its exports are those of a CommonJS module: members of the default one.
  const { generate } = "default" in library ? (library.default as typeof library) : library;
  return generate(...options);
}
