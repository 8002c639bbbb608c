/** Where a resource is: what one account has in one region. */
export interface Place {
  readonly account: string;
  readonly region: string;
}

/** The group of all resources of one kind in a place, in indexes and keys. No account or region contains a blank. */
export function placeKey({ account, region }: Place): string {
  return `${account} ${region}`;
}
