/** Who may post to, inspect and close connections of WebSocket APIs, at an API's own address and at Busbar's. */
import { formatArn } from "../calls/arn.ts";
import type { Principal } from "../calls/identity.ts";

/** The API stage whose connections are managed. */
export interface ManagedStage {
  readonly apiId: string;
  readonly account: string;
  readonly region: string;
  readonly stage: string;
}

/**
 * AWS's message, with 403 AccessDeniedException, to a caller from another account; undefined for the API's own account.
 * AWS really writes `{connectionId}` there instead of the id.
 * @param method the HTTP method.
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
