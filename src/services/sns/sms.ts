/** SMS settings and the list of opted-out numbers. */

import {
  CheckIfPhoneNumberIsOptedOut$,
  type CheckIfPhoneNumberIsOptedOutCommand,
  GetSMSAttributes$,
  type GetSMSAttributesCommand,
  ListOriginationNumbers$,
  type ListOriginationNumbersCommand,
  ListPhoneNumbersOptedOut$,
  type ListPhoneNumbersOptedOutCommand,
  OptInPhoneNumber$,
  type OptInPhoneNumberCommand,
  SetSMSAttributes$,
  type SetSMSAttributesCommand,
} from "@aws-sdk/client-sns";
import { getOwn } from "../../../protocols/unknown-json.ts";
import { decodeToken, encodeToken, takePage } from "../../calls/page.ts";
import { placeKey } from "../../calls/place.ts";
import { invalid, invalidParameter } from "./errors.ts";
import { operation, pageSize, type Sns } from "./sns.ts";
import { phoneKey } from "./tables.ts";

type Check = (value: string) => boolean;
const isRole: Check = (value) => /^arn:[^:]+:iam::\d{12}:role\/.+$/.test(value);

const checks: Readonly<Record<string, Check>> = {
  MonthlySpendLimit: (value) => /^\d{1,9}$/.test(value),
  DeliveryStatusIAMRole: isRole,
  DeliveryStatusSuccessSamplingRate: (value) => /^\d{1,3}$/.test(value) && Number(value) <= 100,
  DefaultSenderID: (value) => /^(?=.*[A-Za-z])[A-Za-z0-9-]{1,11}$/.test(value),
  DefaultSMSType: (value) => value === "Promotional" || value === "Transactional",
  UsageReportS3Bucket: (value) => value.length <= 255,
};

export const setSMSAttributes = operation<SetSMSAttributesCommand>(SetSMSAttributes$, (input, context) => {
  const { service, account, region } = context;
  const given = (input.attributes ?? {}) as Record<string, string>;
  for (const [name, value] of Object.entries(given)) {
    const check = getOwn(checks, name);
    if (check === undefined) throw invalid(`${name} is not a valid attribute`);
    if (value !== "" && !check(value)) throw invalid(`${name} is invalid`);
  }
  const key = placeKey({ account, region });
  // An empty value removes a setting.
  const set = Object.entries({ ...service.sms.get(key)?.attributes, ...given }).filter(([, value]) => value !== "");
  service.sms.put({ key, account, attributes: Object.fromEntries(set) });
  return {};
});

export const getSMSAttributes = operation<GetSMSAttributesCommand>(GetSMSAttributes$, (input, context) => {
  const { service, account, region } = context;
  const all: Record<string, string> = {
    MonthlySpendLimit: "1",
    ...service.sms.get(placeKey({ account, region }))?.attributes,
  };
  const wanted = input.attributes ?? [];
  if (wanted.length === 0) return { attributes: all };
  return { attributes: Object.fromEntries(Object.entries(all).filter(([name]) => wanted.includes(name))) };
});

export const checkIfPhoneNumberIsOptedOut = operation<CheckIfPhoneNumberIsOptedOutCommand>(
  CheckIfPhoneNumberIsOptedOut$,
  (input, { service, account, region }) => {
    const number = checkNumber(input.phoneNumber);
    return { isOptedOut: service.phones.has(phoneKey("optedOut", placeKey({ account, region }), number)) };
  },
);

export const optInPhoneNumber = operation<OptInPhoneNumberCommand>(OptInPhoneNumber$, (input, context) => {
  const { service, account, region } = context;
  service.phones.delete(phoneKey("optedOut", placeKey({ account, region }), checkNumber(input.phoneNumber)));
  return {};
});

export const listPhoneNumbersOptedOut = operation<ListPhoneNumbersOptedOutCommand>(
  ListPhoneNumbersOptedOut$,
  (input, { service, account, region }) => {
    const after = phonesAfter(input.nextToken);
    const { items, more } = takePage(
      service.phones.by.list.range(`optedOut ${placeKey({ account, region })}`, after),
      pageSize,
    );
    return {
      phoneNumbers: items.map(({ number }) => number),
      nextToken: more ? encodeToken(items.at(-1)?.number) : undefined,
    };
  },
);

/** Numbers cannot be bought here, so there are none. */
export const listOriginationNumbers = operation<ListOriginationNumbersCommand>(ListOriginationNumbers$, () => ({
  PhoneNumbers: [],
}));

/** The effect of a phone's owner answering STOP; AWS has no operation for it. Inside a transaction. */
export function optOut(service: Sns, number: string, account: string, region: string): void {
  const place = placeKey({ account, region });
  const key = phoneKey("optedOut", place, checkNumber(number));
  service.phones.put({ key, account, place, list: "optedOut", number, verified: false, password: undefined });
}

/** @throws AwsError InvalidParameter */
export function phonesAfter(token: string | undefined): { gt: string } | Record<string, never> {
  if (!token) return {};
  const position = decodeToken(token);
  if (typeof position !== "string") throw invalidParameter("NextToken");
  return { gt: position };
}

function checkNumber(number = ""): string {
  if (/^\+?[1-9]\d{1,14}$/.test(number)) return number.startsWith("+") ? number : `+${number}`;
  throw invalidParameter("PhoneNumber", "input incorrectly formatted");
}
