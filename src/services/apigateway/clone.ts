/** CreateRestApi's cloneFrom: copies another API's definition. Everything but the API itself keeps its id. */
import type { ApiGateway } from "./apigateway.ts";
import { childKey, type RestApiRow } from "./tables.ts";

/** Replaces everything the new API has. Inside a transaction. */
export function cloneInto(service: ApiGateway, from: RestApiRow, api: RestApiRow): void {
  const apiId = api.id;
  service.resources.delete(childKey(apiId, api.rootResourceId));
  for (const row of [...service.resources.by.api.range(from.id)]) {
    service.resources.put({ ...row, apiId, serial: service.nextSerial() });
  }
  for (const row of [...service.methods.by.api.range(from.id)]) service.methods.put({ ...row, apiId });
  for (const row of [...service.models.by.api.range(from.id)]) {
    service.models.put({ ...row, apiId, serial: service.nextSerial() });
  }
  for (const row of [...service.requestValidators.by.api.range(from.id)]) {
    service.requestValidators.put({ ...row, apiId, serial: service.nextSerial() });
  }
  for (const row of [...service.authorizers.by.api.range(from.id)]) {
    service.authorizers.put({ ...row, apiId, serial: service.nextSerial() });
  }
  for (const row of [...service.gatewayResponses.by.api.range(from.id)])
    service.gatewayResponses.put({ ...row, apiId });
  service.apis.put({
    ...api,
    rootResourceId: from.rootResourceId,
    binaryMediaTypes: api.binaryMediaTypes ?? from.binaryMediaTypes,
    minimumCompressionSize: api.minimumCompressionSize ?? from.minimumCompressionSize,
    description: api.description ?? from.description,
  });
}
