/** GetAccount and UpdateAccount. */
import {
  GetAccount$,
  type GetAccountCommand,
  UpdateAccount$,
  type UpdateAccountCommand,
} from "@aws-sdk/client-api-gateway";
import { placeKey } from "../../calls/place.ts";
import type { AccountRow } from "./account-tables.ts";
import { type Context, operation } from "./apigateway.ts";
import { badRequest } from "./errors.ts";
import { listedErrors, PatchTable, rulesFor } from "./patch.ts";

/** The rate and burst of an account over all its APIs in a region. */
const accountThrottle = { burstLimit: 5000, rateLimit: 10_000 };

export const getAccount = operation<GetAccountCommand>(GetAccount$, (_input, context) => described(accountOf(context)));

export const updateAccount = operation<UpdateAccountCommand>(UpdateAccount$, (input, context) => {
  const account = patches.apply(accountOf(context), input.patchOperations);
  const { cloudwatchRoleArn: role } = account;
  if (role !== undefined && !/^arn:aws[a-z-]*:iam::\d{12}:role\/.+$/.test(role)) {
    throw badRequest(
      "The role ARN does not have required permissions configured. Please grant trust permission for API Gateway and add the required role policy.",
    );
  }
  context.service.accounts.put(account);
  return described(account);
});

const rules = rulesFor<AccountRow>();

const patches = new PatchTable<AccountRow>(
  [rules.text("cloudwatchRoleArn"), rules.items("features", "/features", { keep: true })],
  listedErrors("/cloudwatchRoleArn", "/features"),
);

function accountOf(context: Context): AccountRow {
  const { service, account, region } = context;
  return service.accounts.get(placeKey(context)) ?? { account, region, features: ["UsagePlans"] };
}

function described({ cloudwatchRoleArn, features }: AccountRow) {
  return { apiKeyVersion: "4", cloudwatchRoleArn, features: [...features], throttleSettings: accountThrottle };
}
