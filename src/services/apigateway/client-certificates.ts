/** Client certificates, which tell a backend that a request comes from API Gateway. */

import {
  DeleteClientCertificate$,
  type DeleteClientCertificateCommand,
  GenerateClientCertificate$,
  type GenerateClientCertificateCommand,
  GetClientCertificate$,
  type GetClientCertificateCommand,
  GetClientCertificates$,
  type GetClientCertificatesCommand,
  UpdateClientCertificate$,
  type UpdateClientCertificateCommand,
} from "@aws-sdk/client-api-gateway";
import { defined } from "../../apis/members.ts";
import { inTransaction } from "../../calls/operation.ts";
import { type Place, placeKey } from "../../calls/place.ts";
import { generateCertificate } from "../../engine/self-signed.ts";
import type { ClientCertificateRow } from "./account-tables.ts";
import { type ApiGateway, operation } from "./apigateway.ts";
import { badRequest, limitExceeded, notFound } from "./errors.ts";
import { pageOf } from "./pages.ts";
import { listedErrors, PatchTable, rulesFor } from "./patch.ts";
import { checkedTags, shownTags } from "./tag-checks.ts";

const maxCertificates = 60;
const validMs = 365 * 86_400_000;

export const generateClientCertificate = operation<GenerateClientCertificateCommand>(
  GenerateClientCertificate$,
  async (input, context) => {
    const { service, account, region } = context;
    const tags = checkedTags({}, input.tags);
    const checkCount = () => {
      if (service.clientCertificates.by.place.size(placeKey(context)) >= maxCertificates) {
        throw limitExceeded("client certificates for this account");
      }
    };
    checkCount();
    const createdMs = service.now;
    const id = service.newId("certificates", 6);
    const { cert } = await generateCertificate([{ name: "commonName", value: "ApiGateway" }], {
      algorithm: "sha256",
      notBeforeDate: new Date(createdMs),
      notAfterDate: new Date(createdMs + validMs),
    });
    const certificate: ClientCertificateRow = {
      account,
      region,
      clientCertificateId: id,
      serial: service.nextSerial(),
      ...defined({ description: input.description || undefined }),
      pemEncodedCertificate: cert.replace(/\r\n/g, "\n"),
      createdMs,
      expiresMs: createdMs + validMs,
      tags,
    };
    inTransaction(context, () => {
      checkCount();
      service.clientCertificates.put(certificate);
    });
    return described(certificate);
  },
);

export const getClientCertificate = operation<GetClientCertificateCommand>(GetClientCertificate$, (input, context) =>
  described(certificateOf(context.service, context, input.clientCertificateId)),
);

export const getClientCertificates = operation<GetClientCertificatesCommand>(
  GetClientCertificates$,
  (input, context) => {
    const { rows, position } = pageOf(context.service.clientCertificates.by.place, placeKey(context), input);
    return { items: rows.map(described), position };
  },
);

export const updateClientCertificate = operation<UpdateClientCertificateCommand>(
  UpdateClientCertificate$,
  (input, context) => {
    const { service } = context;
    const row = certificateOf(service, context, input.clientCertificateId);
    const updated = patches.apply(row, input.patchOperations);
    service.clientCertificates.put(updated);
    return described(updated);
  },
);

export const deleteClientCertificate = operation<DeleteClientCertificateCommand>(
  DeleteClientCertificate$,
  (input, context) => {
    const { service } = context;
    const { clientCertificateId: id } = certificateOf(service, context, input.clientCertificateId);
    for (const api of service.apis.by.place.range(placeKey(context))) {
      for (const stage of service.stages.by.api.range(api.id)) {
        if (stage.clientCertificateId === id) {
          throw badRequest(
            `Cannot delete client certificate '${id}', is referenced in stage: ${api.id}/${stage.stageName}`,
          );
        }
      }
    }
    service.clientCertificates.delete(id);
  },
);

const patches = new PatchTable<ClientCertificateRow>(
  [rulesFor<ClientCertificateRow>().text("description")],
  listedErrors("/description"),
);

/** @throws AwsError NotFoundException */
function certificateOf(service: ApiGateway, { account, region }: Place, id: string | undefined): ClientCertificateRow {
  const row = service.clientCertificates.get(id as string);
  if (row === undefined || row.account !== account || row.region !== region) {
    throw notFound("Invalid Client Certificate identifier specified");
  }
  return row;
}

function described(row: ClientCertificateRow) {
  return {
    clientCertificateId: row.clientCertificateId,
    description: row.description,
    pemEncodedCertificate: row.pemEncodedCertificate,
    createdDate: new Date(row.createdMs),
    expirationDate: new Date(row.expiresMs),
    tags: shownTags(row.tags),
  };
}
