/** Facts about a service's shapes that the SDK schemas lack; see `constraints/`. */
export type Constraints = Readonly<Record<string, unknown>>;
