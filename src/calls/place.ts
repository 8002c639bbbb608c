/** The account and region a resource belongs to. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** Key of all resources of one kind in a place, for indexes and keys. No account or region contains a space. */
export function placeKey({ account, region }: Place): string {
  return `${account} ${region}`;
}
