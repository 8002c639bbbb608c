/** Target kinds of SNS: phones and mobile endpoints. */
import { placeKey } from "../../calls/place.ts";
import { type Delivery, DeliveryFailure } from "../../delivery/types.ts";
import type { Sns } from "./sns.ts";
import { phoneKey } from "./tables.ts";

/** The target kind `sms`: the mailbox, unless the number opted out. */
export function deliverSms(sns: Sns, delivery: Delivery<"sms">): void {
  const place = placeKey(delivery);
  if (sns.phones.has(phoneKey("optedOut", place, delivery.target))) {
    throw new DeliveryFailure("OptedOut", `${delivery.target} has opted out of SMS.`, false);
  }
  sns.deps.mailbox.deliver(delivery);
}

/** The target kind `push`: the mailbox, if the endpoint and its application exist and are enabled. */
export function deliverPush(sns: Sns, delivery: Delivery<"push">): void {
  const endpoint = sns.endpoints.get(delivery.target);
  const application = endpoint && sns.applications.get(endpoint.applicationArn);
  if (!endpoint || !application) {
    throw new DeliveryFailure("NotFound", `The endpoint ${delivery.target} does not exist.`, false);
  }
  if (endpoint.attributes["Enabled"] === "false") {
    throw new DeliveryFailure("EndpointDisabled", "Endpoint is disabled", false);
  }
  if (application.attributes["Enabled"] === "false") {
    throw new DeliveryFailure("PlatformApplicationDisabled", "Platform application is disabled", false);
  }
  const parameters = { channel: "application", platform: application.platform, token: endpoint.attributes["Token"] };
  sns.deps.mailbox.deliver({ ...delivery, parameters });
}
