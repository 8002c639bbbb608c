/** Who may post to, look at and close connections of WebSocket APIs, at an API's own address and at Busbar's. */
import { formatArn } from "../calls/arn.ts";
import type { Principal } from "../calls/identity.ts";

/** A stage of an API, which connections are managed by. */
export interface ManagedStage {
  readonly apiId: string;
  readonly account: string;
  readonly region: string;
  readonly stage: string;
}

/**
 * What AWS tells a caller of another account, with 403 AccessDeniedException; undefined for one of the API's own. The id of the
 * connection stands there in AWS's own answer as a literal.
 * @param method of HTTP.
 */
export function managementDenial(
  { apiId, account, region, stage }: ManagedStage,
  method: string,
  caller: { readonly account: string; readonly principal: Principal },
): string | undefined {
  if (caller.account === account) return undefined;
  const masked = `********${account.slice(-4)}`;
  const arn = formatArn("execute-api", region, masked, `${apiId}/${stage}/${method}/@connections/{connectionId}`);
  const action = "execute-api:ManageConnections";
  return `User: ${caller.principal.arn} is not authorized to perform: ${action} on resource: ${arn} because no session policy allows the ${action} action`;
}
