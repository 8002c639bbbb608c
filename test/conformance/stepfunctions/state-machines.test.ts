import {
  CreateActivityCommand,
  CreateStateMachineAliasCommand,
  CreateStateMachineCommand,
  DeleteActivityCommand,
  DeleteStateMachineAliasCommand,
  DeleteStateMachineCommand,
  DeleteStateMachineVersionCommand,
  DescribeActivityCommand,
  DescribeStateMachineAliasCommand,
  DescribeStateMachineCommand,
  ListActivitiesCommand,
  ListExecutionsCommand,
  ListStateMachineAliasesCommand,
  ListStateMachinesCommand,
  ListStateMachineVersionsCommand,
  ListTagsForResourceCommand,
  PublishStateMachineVersionCommand,
  TagResourceCommand,
  UntagResourceCommand,
  UpdateStateMachineAliasCommand,
  UpdateStateMachineCommand,
  ValidateStateMachineDefinitionCommand,
} from "@aws-sdk/client-sfn";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { pass, roleArn, type States, startStates } from "../../support/states.ts";

let states: States;
beforeAll(async () => {
  states = await startStates({ clock: "virtual", startTime: "2030-01-01T00:00:00Z", seed: "machines" });
});
afterAll(() => states.close());

const definition = JSON.stringify(pass);
const other = JSON.stringify({ StartAt: "B", States: { B: { Type: "Succeed" } } });

describe("a state machine", () => {
  it("is described as it was created", async () => {
    const create = new CreateStateMachineCommand({ name: "described", definition, roleArn });
    const { stateMachineArn, creationDate } = await states.client.send(create);
    expect(stateMachineArn).toBe("arn:aws:states:us-east-1:000000000000:stateMachine:described");
    const { $metadata: _metadata, ...described } = await states.client.send(
      new DescribeStateMachineCommand({ stateMachineArn }),
    );
    expect(described).toEqual({
      stateMachineArn,
      name: "described",
      status: "ACTIVE",
      definition,
      roleArn,
      type: "STANDARD",
      creationDate,
      loggingConfiguration: { level: "OFF", includeExecutionData: false },
      tracingConfiguration: { enabled: false },
      encryptionConfiguration: { type: "AWS_OWNED_KEY" },
    });
    expect((await states.client.send(create)).creationDate).toEqual(creationDate);
    await expect(
      states.client.send(new CreateStateMachineCommand({ name: "described", definition: other, roleArn })),
    ).rejects.toMatchObject({
      name: "StateMachineAlreadyExists",
      message: `State Machine Already Exists: '${stateMachineArn}'`,
    });
  });

  it("is refused in AWS's words", async () => {
    const create = (more: object) =>
      states.client.send(new CreateStateMachineCommand({ name: "refused", definition, roleArn, ...more }));
    await expect(create({ name: "a/b" })).rejects.toMatchObject({
      name: "InvalidName",
      message: "Invalid Name: 'a/b'",
    });
    await expect(create({ roleArn: "arn:aws:iam::1:user/x" })).rejects.toMatchObject({ name: "InvalidArn" });
    await expect(create({ definition: "{}" })).rejects.toMatchObject({
      name: "InvalidDefinition",
      message:
        "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /'",
    });
    await expect(create({ loggingConfiguration: { level: "ALL" } })).rejects.toMatchObject({
      name: "InvalidLoggingConfiguration",
      message: "Invalid Logging Configuration: Must specify exactly one Log Destination.",
    });
    await expect(create({ versionDescription: "v" })).rejects.toMatchObject({ name: "ValidationException" });
    await expect(create({ type: "FAST" as never })).rejects.toMatchObject({
      message:
        "1 validation error detected: Value 'FAST' at 'type' failed to satisfy constraint: Member must satisfy enum value set: [STANDARD, EXPRESS]",
    });
    await expect(create({ encryptionConfiguration: { type: "CUSTOMER_MANAGED_KMS_KEY" } })).rejects.toMatchObject({
      name: "InvalidEncryptionConfiguration",
    });
  });

  it("has a new revision after each effective update", async () => {
    const stateMachineArn = await states.create(pass);
    const update = (more: object) => states.client.send(new UpdateStateMachineCommand({ stateMachineArn, ...more }));
    await expect(update({})).rejects.toMatchObject({
      name: "MissingRequiredParameter",
      message:
        "Either the definition, the role ARN, the LoggingConfiguration, or the TracingConfiguration must be specified",
    });
    expect((await update({ definition })).revisionId).toBeUndefined();
    const { revisionId } = await update({ definition: other });
    expect(revisionId).toMatch(/^[0-9a-f-]{36}$/);
    expect((await update({ definition: other })).revisionId).toBe(revisionId);
    const described = await states.client.send(new DescribeStateMachineCommand({ stateMachineArn }));
    expect([described.definition, described.revisionId]).toEqual([other, revisionId]);
    await expect(update({ stateMachineArn: `${stateMachineArn}x`, definition })).rejects.toMatchObject({
      name: "StateMachineDoesNotExist",
    });
  });

  it("is listed by name and deleted", async () => {
    const account = states.bus.clientConfig({ account: "111122223333" });
    const { SFNClient } = await import("@aws-sdk/client-sfn");
    const client = new SFNClient(account);
    for (const name of ["m_1_", "m_0_", "m_10_"]) {
      await client.send(new CreateStateMachineCommand({ name, definition, roleArn }));
    }
    const first = await client.send(new ListStateMachinesCommand({ maxResults: 2 }));
    expect(first.stateMachines?.map(({ name }) => name)).toEqual(["m_0_", "m_10_"]);
    const second = await client.send(new ListStateMachinesCommand({ nextToken: first.nextToken }));
    expect(second.stateMachines?.map(({ name }) => name)).toEqual(["m_1_"]);
    await expect(client.send(new ListStateMachinesCommand({ nextToken: "x" }))).rejects.toMatchObject({
      name: "InvalidToken",
      message: "Invalid Token: 'Invalid token'",
    });
    const stateMachineArn = second.stateMachines?.[0]?.stateMachineArn;
    await client.send(new DeleteStateMachineCommand({ stateMachineArn }));
    await client.send(new DeleteStateMachineCommand({ stateMachineArn }));
    await expect(client.send(new DescribeStateMachineCommand({ stateMachineArn }))).rejects.toMatchObject({
      name: "StateMachineDoesNotExist",
    });
    client.destroy();
  });

  it("ends its executions when it is deleted", async () => {
    const waiting = { StartAt: "W", States: { W: { Type: "Wait", Seconds: 60, End: true } } };
    const stateMachineArn = await states.create(waiting);
    const execution = await states.start(stateMachineArn);
    await states.client.send(new DeleteStateMachineCommand({ stateMachineArn }));
    await states.bus.clock.advance(0);
    expect((await states.describe(execution)).status).toBe("ABORTED");
  });

  it("shows which variables its states use", async () => {
    const stateMachineArn = await states.create({
      StartAt: "A",
      States: {
        A: { Type: "Pass", Assign: { x: 1 }, Next: "B" },
        B: { Type: "Pass", Parameters: { "y.$": "$x" }, End: true },
      },
    });
    const described = await states.client.send(new DescribeStateMachineCommand({ stateMachineArn }));
    expect(described.variableReferences).toEqual({ B: ["x"] });
    const bare = new DescribeStateMachineCommand({ stateMachineArn, includedData: "METADATA_ONLY" });
    expect((await states.client.send(bare)).definition).toBe("{}");
  });
});

describe("a definition", () => {
  const validate = async (text: string, more: object = {}) => {
    const { $metadata: _metadata, ...rest } = await states.client.send(
      new ValidateStateMachineDefinitionCommand({ definition: text, ...more }),
    );
    return rest;
  };

  it("is validated without being stored", async () => {
    expect(await validate(definition)).toEqual({ result: "OK", diagnostics: [], truncated: false });
    expect(await validate('{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"X"},"B":{"Type":"Succeed"}}}')).toEqual({
      result: "FAIL",
      diagnostics: [
        {
          severity: "ERROR",
          code: "MISSING_TRANSITION_TARGET",
          message: "Missing 'Next' target: X",
          location: "/States/A/Next",
        },
        {
          severity: "ERROR",
          code: "MISSING_TRANSITION_TARGET",
          message: 'State "B" is not reachable.',
          location: "/States/B",
        },
      ],
      truncated: false,
    });
    const one = await validate('{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"X"},"B":{"Type":"Succeed"}}}', {
      maxResults: 1,
    });
    expect([one.diagnostics?.length, one.truncated]).toEqual([1, true]);
  });

  it("shows warnings if requested", async () => {
    const warned = '{"StartAt":"A","States":{"A":{"Type":"Pass","Result":{"x.$":"$.y"},"End":true}}}';
    expect((await validate(warned)).diagnostics).toEqual([]);
    const { result, diagnostics } = await validate(warned, { severity: "WARNING" });
    expect([result, diagnostics?.[0]?.severity]).toEqual(["OK", "WARNING"]);
  });
});

describe("versions and aliases", () => {
  it("are published, routed to and protected", async () => {
    const { client } = states;
    const stateMachineArn = await states.create(pass);
    const publish = (more: object = {}) =>
      client.send(new PublishStateMachineVersionCommand({ stateMachineArn, ...more }));
    const first = (await publish({ description: "one" })).stateMachineVersionArn as string;
    expect(first).toBe(`${stateMachineArn}:1`);
    expect((await publish()).stateMachineVersionArn).toBe(first);
    const { revisionId, stateMachineVersionArn: second } = await client.send(
      new UpdateStateMachineCommand({ stateMachineArn, definition: other, publish: true }),
    );
    expect(second).toBe(`${stateMachineArn}:2`);
    await expect(publish({ revisionId: "x" })).rejects.toMatchObject({
      name: "ConflictException",
      message: `Failed to publish the State Machine version for revision x. The current State Machine revision is ${revisionId}.`,
    });
    const listed = await client.send(new ListStateMachineVersionsCommand({ stateMachineArn }));
    expect(listed.stateMachineVersions?.map((one) => one.stateMachineVersionArn)).toEqual([second, first]);
    const described = await client.send(new DescribeStateMachineCommand({ stateMachineArn: first }));
    expect(described).toMatchObject({ stateMachineArn: first, description: "one", definition });

    const routing = (...weights: [string, number][]) =>
      weights.map(([stateMachineVersionArn, weight]) => ({ stateMachineVersionArn, weight }));
    const createAlias = (routingConfiguration: ReturnType<typeof routing>, more: object = {}) =>
      client.send(new CreateStateMachineAliasCommand({ name: "live", routingConfiguration, ...more }));
    await expect(createAlias(routing([first, 70], [second as string, 29]))).rejects.toMatchObject({
      name: "ValidationException",
      message: "Sum of routing configuration weights must equal 100. Received: [70, 29]",
      reason: "INVALID_ROUTING_CONFIGURATION",
    });
    await expect(createAlias(routing([stateMachineArn, 100]))).rejects.toMatchObject({
      message: `Routing configuration must contain state machine version ARNs. Received: [${stateMachineArn}]`,
    });
    await expect(createAlias(routing([first, 50], [first, 50]))).rejects.toMatchObject({
      message: `Routing configuration must contain distinct state machine version ARNs. Received: [${first}, ${first}]`,
    });
    await expect(createAlias(routing([first, 100]), { name: "12" })).rejects.toMatchObject({
      name: "ValidationException",
    });
    const { stateMachineAliasArn: alias } = await createAlias(routing([first, 100]));
    expect(alias).toBe(`${stateMachineArn}:live`);
    await createAlias(routing([first, 100]));
    await expect(createAlias(routing([second as string, 100]))).rejects.toMatchObject({
      name: "ConflictException",
      message:
        "Failed to create alias because an alias with the same name and a different routing configuration already exists.",
    });
    await expect(
      client.send(new DeleteStateMachineVersionCommand({ stateMachineVersionArn: first })),
    ).rejects.toMatchObject({
      message:
        "Version to be deleted must not be referenced by an alias. Current list of aliases referencing this version: [live]",
    });

    const execution = await states.start(alias as string, { n: 1 });
    expect(await states.ended(execution)).toMatchObject({
      stateMachineArn,
      stateMachineVersionArn: first,
      stateMachineAliasArn: alias,
      output: '{"n":1}',
    });
    const ofAlias = await client.send(new ListExecutionsCommand({ stateMachineArn: alias }));
    expect(ofAlias.executions?.map(({ executionArn }) => executionArn)).toEqual([execution]);

    await expect(
      client.send(new UpdateStateMachineAliasCommand({ stateMachineAliasArn: alias })),
    ).rejects.toMatchObject({ name: "ValidationException" });
    await client.send(
      new UpdateStateMachineAliasCommand({
        stateMachineAliasArn: alias,
        routingConfiguration: routing([first, 50], [second as string, 50]),
      }),
    );
    const shown = await client.send(new DescribeStateMachineAliasCommand({ stateMachineAliasArn: alias }));
    expect(shown).toMatchObject({ name: "live", routingConfiguration: routing([first, 50], [second as string, 50]) });
    const versions = new Set<string | undefined>();
    for (let i = 0; i < 40; i++) {
      versions.add((await states.describe(await states.start(alias as string))).stateMachineVersionArn);
    }
    expect(versions).toEqual(new Set([first, second]));
    const aliases = await client.send(new ListStateMachineAliasesCommand({ stateMachineArn }));
    expect(aliases.stateMachineAliases?.map((one) => one.stateMachineAliasArn)).toEqual([alias]);
    await client.send(new DeleteStateMachineAliasCommand({ stateMachineAliasArn: alias }));
    await client.send(new DeleteStateMachineAliasCommand({ stateMachineAliasArn: alias }));
    await expect(
      client.send(new UpdateStateMachineAliasCommand({ stateMachineAliasArn: alias, description: "d" })),
    ).rejects.toMatchObject({
      name: "ResourceNotFound",
      message: "Request references a resource that does not exist.",
    });
    await client.send(new DeleteStateMachineVersionCommand({ stateMachineVersionArn: first }));
    expect((await client.send(new ListStateMachineAliasesCommand({ stateMachineArn }))).stateMachineAliases).toEqual(
      [],
    );
  });
});

describe("activities and tags", () => {
  it("are created, listed and tagged", async () => {
    const { client } = states;
    const { activityArn, creationDate } = await client.send(new CreateActivityCommand({ name: "act" }));
    expect((await client.send(new CreateActivityCommand({ name: "act" }))).creationDate).toEqual(creationDate);
    const { $metadata: _metadata, ...described } = await client.send(new DescribeActivityCommand({ activityArn }));
    expect(described).toEqual({
      activityArn,
      name: "act",
      creationDate,
      encryptionConfiguration: { type: "AWS_OWNED_KEY" },
    });
    const { activities } = await client.send(new ListActivitiesCommand({}));
    expect(activities).toEqual([{ activityArn, name: "act", creationDate }]);
    for (const resourceArn of [activityArn, await states.create(pass)]) {
      const tags = async () => (await client.send(new ListTagsForResourceCommand({ resourceArn }))).tags;
      expect(await tags()).toEqual([]);
      await client.send(
        new TagResourceCommand({
          resourceArn,
          tags: [
            { key: "b", value: "1" },
            { key: "a", value: "" },
            { key: "b", value: "2" },
          ],
        }),
      );
      expect(await tags()).toEqual([
        { key: "b", value: "2" },
        { key: "a", value: "" },
      ]);
      await client.send(new UntagResourceCommand({ resourceArn, tagKeys: ["b", "none"] }));
      expect(await tags()).toEqual([{ key: "a", value: "" }]);
    }
    await client.send(new DeleteActivityCommand({ activityArn }));
    await client.send(new DeleteActivityCommand({ activityArn }));
    await expect(client.send(new DescribeActivityCommand({ activityArn }))).rejects.toMatchObject({
      name: "ActivityDoesNotExist",
      message: `Activity Does Not Exist: '${activityArn}'`,
    });
    await expect(client.send(new TagResourceCommand({ resourceArn: activityArn, tags: [] }))).rejects.toMatchObject({
      name: "ResourceNotFound",
    });
  });
});
