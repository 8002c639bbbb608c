/** Objects whose members may be missing. */

/** The members that have a value. */
export function defined<Members extends object>(members: Members): Members {
  const entries = Object.entries(members).filter(([, value]) => value !== undefined && value !== null);
  return Object.fromEntries(entries) as Members;
}

/** The map, unless it is missing or empty. */
export function unlessEmpty<Map extends object>(map: Map | undefined | null): Map | undefined {
  return map === undefined || map === null || Object.keys(map).length === 0 ? undefined : map;
}
