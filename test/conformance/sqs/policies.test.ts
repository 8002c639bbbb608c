/** Access policies of queues as they are set, by SetQueueAttributes and by label; access.test.ts has what they do. */
import { expect, it } from "vitest";
import { eachSqs, invalidValue, missingParameter, refusal, refused, refusedEverywhere } from "../../support/sqs.ts";

const badPolicy = refusal("InvalidAttributeValue", "Invalid value for the parameter Policy.");

eachSqs("Policy", (env) => {
  const policy = (changes: Record<string, unknown> = {}) => ({
    Version: "2012-10-17",
    Statement: [{ Effect: "Allow", Principal: "*", Action: "sqs:SendMessage", Resource: "*", ...changes }],
  });

  it("is shown without white space, and removed by an empty one", async () => {
    const text = JSON.stringify(policy(), null, 2);
    const QueueUrl = await env.queue({ Policy: text });
    expect((await env.attributes(QueueUrl))["Policy"]).toBe(JSON.stringify(JSON.parse(text)));
    const arn = env.arn(QueueUrl);
    const other = JSON.stringify({
      ...policy({ Resource: arn, Action: ["SQS:*", "SQS:SendMessage"] }),
      Version: "2008-10-17",
    });
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: other } });
    expect((await env.attributes(QueueUrl))["Policy"]).toBe(other);
    await env.sqs.setQueueAttributes({ QueueUrl, Attributes: { Policy: "" } });
    expect(await env.attributes(QueueUrl)).not.toHaveProperty("Policy");
  });

  it("is refused when IAM would refuse it", async () => {
    const { Principal: _principal, ...nobody } = policy().Statement[0] as Record<string, unknown>;
    const bad = [
      "{",
      "[]",
      "null",
      JSON.stringify(policy({ Action: "sqs:Nonsense" })),
      JSON.stringify({ Version: "2012-10-17", Statement: [nobody] }),
      JSON.stringify({ ...policy(), Version: "2020-01-01" }),
      JSON.stringify(policy({ Effect: "Perhaps" })),
      JSON.stringify({ Version: "2012-10-17", Statement: null }),
    ];
    for (const Policy of bad) expect(await refusedEverywhere(env, { Policy })).toEqual(badPolicy);
  });
});

eachSqs("a policy for other accounts", (env) => {
  const policy = (Action: string | string[], AWS: string, Effect = "Allow") =>
    JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect, Principal: { AWS }, Action, Resource: "*" }],
    });

  it("names no action that is the owner's alone", async () => {
    for (const other of ["111122223333", "arn:aws:iam::111122223333:root", "arn:aws:iam::111122223333:role/r"]) {
      for (const action of ["sqs:ListQueues", "SQS:deletequeue", "sqs:SetQueueAttributes"]) {
        const Policy = policy(["sqs:SendMessage", action], other);
        expect(await refusedEverywhere(env, { Policy })).toEqual(badPolicy);
      }
      await env.queue({ Policy: policy("sqs:*", other) });
      await env.queue({ Policy: policy("sqs:ListQueues", other, "Deny") });
    }
    await env.queue({ Policy: policy("sqs:ListQueues", "arn:aws:iam::000000000000:role/r") });
  });
});

eachSqs("the size of a policy", (env) => {
  const statement = { Effect: "Allow", Principal: { AWS: "111122223333" }, Action: "sqs:SendMessage", Resource: "*" };
  const policy = (Statement: object | object[], more: object = {}) =>
    JSON.stringify({ Version: "2012-10-17", ...more, Statement });
  const overLimit = (message: string) => refusal("OverLimit", message, 403);

  it("is at most 8,192 bytes, 20 statements, 50 principals, and 7 actions a statement", async () => {
    const fitting = policy(statement, { Id: "x".repeat(8192 - policy(statement, { Id: "" }).length) });
    await env.queue({ Policy: fitting });
    expect(await refusedEverywhere(env, { Policy: `${fitting} ` })).toEqual(
      overLimit("Submitted policy is over max allowed size."),
    );
    const actions = ["Send", "Receive", "Delete"].map((verb) => `sqs:${verb}Message`);
    const seven = [...actions, "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:PurgeQueue", "sqs:ChangeMessage*"];
    await env.queue({ Policy: policy({ ...statement, Action: seven }) });
    expect(await refusedEverywhere(env, { Policy: policy({ ...statement, Action: [...seven, "sqs:*"] }) })).toEqual(
      overLimit("8 actions were found in a statement from the submitted policy, max allowed is 7"),
    );
    await env.queue({ Policy: policy(Array(20).fill(statement)) });
    expect(await refusedEverywhere(env, { Policy: policy(Array(21).fill(statement)) })).toEqual(
      overLimit("21 statements were found in the submitted policy, max allowed is 20"),
    );
    const principals = (count: number) =>
      policy({ ...statement, Principal: { AWS: Array(count).fill("111122223333") } });
    await env.queue({ Policy: principals(50) });
    expect(await refusedEverywhere(env, { Policy: principals(51) })).toEqual(
      overLimit("51 principals were found in the submitted policy, max allowed is 50"),
    );
  });

  it("counts with AddPermission as well", async () => {
    const QueueUrl = await env.queue({ Policy: policy({ ...statement, Sid: "x".repeat(8000) }) });
    expect(
      await refused(
        env.sqs.addPermission({ QueueUrl, Label: "l", AWSAccountIds: ["111122223333"], Actions: ["SendMessage"] }),
      ),
    ).toEqual(overLimit("Submitted policy is over max allowed size."));
  });
});

eachSqs("AddPermission and RemovePermission", (env) => {
  const policyOf = async (url: string) => (await env.attributes(url))["Policy"];

  it("write statements into the queue's policy and take them out again", async () => {
    const QueueUrl = await env.queue();
    const arn = env.arn(QueueUrl);
    await env.sqs.addPermission({
      QueueUrl,
      Label: "one",
      AWSAccountIds: ["111122223333"],
      Actions: ["ReceiveMessage"],
    });
    const one = {
      Sid: "one",
      Effect: "Allow",
      Principal: { AWS: "arn:aws:iam::111122223333:root" },
      Action: "SQS:ReceiveMessage",
      Resource: arn,
    };
    expect(await policyOf(QueueUrl)).toBe(
      JSON.stringify({ Version: "2008-10-17", Id: `${arn}/SQSDefaultPolicy`, Statement: [one] }),
    );
    await env.sqs.addPermission({
      QueueUrl,
      Label: "two",
      AWSAccountIds: ["111122223333", "444455556666"],
      Actions: ["*", "SendMessage"],
    });
    const two = {
      Sid: "two",
      Effect: "Allow",
      Principal: { AWS: ["arn:aws:iam::111122223333:root", "arn:aws:iam::444455556666:root"] },
      Action: ["SQS:*", "SQS:SendMessage"],
      Resource: arn,
    };
    expect(JSON.parse((await policyOf(QueueUrl)) ?? "").Statement).toEqual([one, two]);
    await env.sqs.removePermission({ QueueUrl, Label: "one" });
    expect(JSON.parse((await policyOf(QueueUrl)) ?? "").Statement).toEqual([two]);
    await env.sqs.removePermission({ QueueUrl, Label: "two" });
    expect(await policyOf(QueueUrl)).toBeUndefined();
  });

  it("refuse labels that exist, do not exist or are no labels", async () => {
    const QueueUrl = await env.queue();
    const grant = (Label: string | undefined) =>
      env.sqs.addPermission({ QueueUrl, Label, AWSAccountIds: ["111122223333"], Actions: ["SendMessage"] });
    await grant("l");
    expect(await refused(grant("l"))).toEqual(invalidValue("l", "Label", "Already exists."));
    expect(await refused(env.sqs.removePermission({ QueueUrl, Label: "m" }))).toEqual(
      invalidValue("m", "Label", "can't find label."),
    );
    expect(await refused(grant("bad label"))).toMatchObject({ name: "InvalidParameterValue", status: 400 });
    expect(await refused(grant("l".repeat(81)))).toMatchObject({ name: "InvalidParameterValue", status: 400 });
    expect(await refused(grant(undefined))).toEqual(missingParameter("Label"));
  });

  it("refuse actions of the owner and actions there are not", async () => {
    const QueueUrl = await env.queue();
    const grant = (...Actions: string[]) =>
      env.sqs.addPermission({ QueueUrl, Label: "l", AWSAccountIds: ["111122223333"], Actions });
    for (const action of ["DeleteQueue", "SetQueueAttributes", "TagQueue", "StartMessageMoveTask"]) {
      expect(await refused(grant(action))).toEqual(
        invalidValue(`SQS:${action}`, "ActionName", "Only the queue owner is allowed to invoke this action."),
      );
    }
    expect(
      await refused(
        env.sqs.addPermission({ QueueUrl, Label: "l", AWSAccountIds: ["nobody"], Actions: ["SendMessage"] }),
      ),
    ).toEqual(invalidValue("nobody", "PrincipalId", "Unable to verify principal."));
    expect(await refused(grant("SendMessage", "Nonsense"))).toEqual(
      invalidValue("SQS:Nonsense", "ActionName", "Please refer to the appropriate WSDL for a list of valid actions."),
    );
    const seven = [
      "SendMessage",
      "ReceiveMessage",
      "DeleteMessage",
      "ChangeMessageVisibility",
      "GetQueueAttributes",
      "GetQueueUrl",
      "PurgeQueue",
    ];
    expect(await refused(grant(...seven, "ListDeadLetterSourceQueues"))).toEqual(
      refusal("OverLimit", "8 Actions were found, maximum allowed is 7.", 403),
    );
    await grant(...seven);
  });

  it("allow twenty statements", async () => {
    const QueueUrl = await env.queue();
    const grant = (Label: string) =>
      env.sqs.addPermission({ QueueUrl, Label, AWSAccountIds: ["111122223333"], Actions: ["SendMessage"] });
    for (let index = 0; index < 20; index++) await grant(`l${index}`);
    expect(await refused(grant("one-too-many"))).toMatchObject({ name: "OverLimit", status: 403 });
  });
});
