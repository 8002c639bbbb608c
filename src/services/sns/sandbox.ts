/** The SMS sandbox: phone numbers verified with a one-time password. */

import {
  CreateSMSSandboxPhoneNumber$,
  type CreateSMSSandboxPhoneNumberCommand,
  DeleteSMSSandboxPhoneNumber$,
  type DeleteSMSSandboxPhoneNumberCommand,
  GetSMSSandboxAccountStatus$,
  type GetSMSSandboxAccountStatusCommand,
  ListSMSSandboxPhoneNumbers$,
  type ListSMSSandboxPhoneNumbersCommand,
  OptedOutException$,
  VerificationException$,
  VerifySMSSandboxPhoneNumber$,
  type VerifySMSSandboxPhoneNumberCommand,
} from "@aws-sdk/client-sns";
import { AwsError } from "../../../protocols/error.ts";
import type { OperationContext } from "../../calls/operation.ts";
import { encodeToken, takePage } from "../../calls/page.ts";
import { placeKey } from "../../calls/place.ts";
import { invalidParameter, resourceNotFound } from "./errors.ts";
import { phonesAfter } from "./sms.ts";
import { operation, pageSize, type Sns } from "./sns.ts";
import { type PhoneRow, phoneKey } from "./tables.ts";

export const getSMSSandboxAccountStatus = operation<GetSMSSandboxAccountStatusCommand>(
  GetSMSSandboxAccountStatus$,
  () => ({ IsInSandbox: true }),
);

export const createSMSSandboxPhoneNumber = operation<CreateSMSSandboxPhoneNumberCommand>(
  CreateSMSSandboxPhoneNumber$,
  (input, context) => {
    const { service, account, region } = context;
    const number = input.PhoneNumber ?? "";
    if (!/^\+[1-9]\d{7,14}$/.test(number)) throw invalidParameter("PhoneNumber", "input incorrectly formatted");
    const place = placeKey({ account, region });
    if (service.phones.has(phoneKey("optedOut", place, number))) {
      throw AwsError.of(OptedOutException$, `${number} has opted out of SMS`);
    }
    const key = phoneKey("sandbox", place, number);
    const password = service.deps.random.text(6, "0123456789");
    const verified = service.phones.get(key)?.verified ?? false;
    service.phones.put({ key, account, place, list: "sandbox", number, verified, password });
    service.deps.delivery.submit({
      account,
      region,
      service: "sns",
      source: number,
      target: number,
      kind: "sms",
      payload: `Your AWS SNS verification code is ${password}.`,
      parameters: { channel: "sms", attributes: {} },
      retry: { phases: [] },
    });
    return {};
  },
);

export const verifySMSSandboxPhoneNumber = operation<VerifySMSSandboxPhoneNumberCommand>(
  VerifySMSSandboxPhoneNumber$,
  (input, context) => {
    const row = sandboxed(context, input.PhoneNumber);
    if (row.password !== input.OneTimePassword) {
      throw AwsError.of(VerificationException$, undefined, {
        Message: "The one-time password is not valid",
        Status: "Invalid",
      });
    }
    context.service.phones.put({ ...row, verified: true, password: undefined });
    return {};
  },
);

export const deleteSMSSandboxPhoneNumber = operation<DeleteSMSSandboxPhoneNumberCommand>(
  DeleteSMSSandboxPhoneNumber$,
  (input, context) => {
    context.service.phones.delete(sandboxed(context, input.PhoneNumber).key);
    return {};
  },
);

export const listSMSSandboxPhoneNumbers = operation<ListSMSSandboxPhoneNumbersCommand>(
  ListSMSSandboxPhoneNumbers$,
  (input, { service, account, region }) => {
    const rows = service.phones.by.list.range(`sandbox ${placeKey({ account, region })}`, phonesAfter(input.NextToken));
    const { items, more } = takePage(rows, input.MaxResults ?? pageSize);
    return {
      PhoneNumbers: items.map(({ number, verified }) => ({
        PhoneNumber: number,
        Status: verified ? "Verified" : "Pending",
      })),
      NextToken: more ? encodeToken(items.at(-1)?.number) : undefined,
    };
  },
);

function sandboxed({ service, account, region }: OperationContext<Sns>, number = ""): PhoneRow {
  const row = service.phones.get(phoneKey("sandbox", placeKey({ account, region }), number));
  if (!row) throw resourceNotFound();
  return row;
}
