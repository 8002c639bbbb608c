/** APIs in front of queues: what an API has answered for is in its queue, called by a client or by a rule. */
import type { Actor, Move } from "../actor.ts";
import { Ledger } from "../ledger.ts";
import { Sinks } from "../sinks.ts";
import { Violation, type World } from "../world.ts";

const fromClients = "api-calls";
const fromRule = "api-events";
const source = "simulation.apis";
const roleArn = "arn:aws:iam::000000000000:role/api";
/** A rule calls at least once: again after a process has ended, and when time has moved past its time-out while the disk was at work. */
const soonMs = 120_000;

export class Apis implements Actor {
  readonly #world: World;
  readonly #ledger = new Ledger();
  readonly #sinks: Sinks;
  #httpApi = "";
  #restApi = "";

  constructor(world: World) {
    this.#world = world;
    this.#sinks = new Sinks(world, this.#ledger, [fromClients, fromRule]);
  }

  readonly moves: readonly Move[] = [
    { weight: 2, play: () => this.#call(this.#httpApi, "/send") },
    { weight: 2, play: () => this.#call(this.#restApi, "/live/send") },
    { weight: 2, play: () => this.#event() },
    { weight: 0.3, play: () => this.#deploy() },
    { weight: 1, play: () => this.#sinks.drain() },
  ];

  async begin(): Promise<void> {
    await this.#sinks.begin();
    this.#httpApi = await this.#makeHttpApi();
    this.#restApi = await this.#makeRestApi();
    const { eventbridge } = this.#world.sdk;
    await eventbridge.putRule({ Name: "to-api", EventPattern: JSON.stringify({ source: [source] }) });
    const Arn = this.#world.arn("execute-api", `${this.#restApi}/live/POST/event`);
    await eventbridge.putTargets({
      Rule: "to-api",
      Targets: [{ Id: "api", Arn, RoleArn: roleArn, InputPath: "$.detail" }],
    });
  }

  async #makeHttpApi(): Promise<string> {
    const { apigatewayv2 } = this.#world.sdk;
    const { ApiId = "" } = await apigatewayv2.createApi({ Name: "calls", ProtocolType: "HTTP" });
    const { IntegrationId } = await apigatewayv2.createIntegration({
      ApiId,
      IntegrationType: "AWS_PROXY",
      IntegrationSubtype: "SQS-SendMessage",
      CredentialsArn: roleArn,
      PayloadFormatVersion: "1.0",
      RequestParameters: { QueueUrl: this.#world.queueUrl(fromClients), MessageBody: "$request.body" },
    });
    await apigatewayv2.createRoute({ ApiId, RouteKey: "POST /send", Target: `integrations/${IntegrationId}` });
    await apigatewayv2.createStage({ ApiId, StageName: "$default", AutoDeploy: true });
    return ApiId;
  }

  async #makeRestApi(): Promise<string> {
    const { apigateway } = this.#world.sdk;
    const { id: restApiId = "", rootResourceId: parentId } = await apigateway.createRestApi({ name: "calls" });
    for (const [pathPart, queue] of [
      ["send", fromClients],
      ["event", fromRule],
    ] as const) {
      const { id: resourceId } = await apigateway.createResource({ restApiId, parentId, pathPart });
      const method = { restApiId, resourceId, httpMethod: "POST" };
      await apigateway.putMethod({ ...method, authorizationType: "NONE" });
      await apigateway.putIntegration({
        ...method,
        type: "AWS",
        integrationHttpMethod: "POST",
        credentials: roleArn,
        uri: `arn:aws:apigateway:us-east-1:sqs:path/000000000000/${queue}`,
        requestParameters: { "integration.request.header.Content-Type": "'application/x-www-form-urlencoded'" },
        requestTemplates: { "application/json": "Action=SendMessage&MessageBody=$util.urlEncode($input.body)" },
      });
      await apigateway.putMethodResponse({ ...method, statusCode: "200" });
      await apigateway.putIntegrationResponse({ ...method, statusCode: "200" });
    }
    await apigateway.createDeployment({ restApiId, stageName: "live" });
    return restApiId;
  }

  async #call(api: string, path: string): Promise<void> {
    const token = this.#world.token("a");
    this.#world.note(`call ${path} with ${token}`);
    this.#ledger.may(fromClients, token);
    const answer = await this.#world.ask(this.#world.callApi(api, path, JSON.stringify({ token })));
    if (answer.kind !== "done") return;
    const { status, body } = answer.output;
    // Time that is moved on while the disk is at work reaches the integration's time-out: it may have sent, or not.
    if (status === 504 && this.#world.bursting) return;
    if (status !== 200) throw new Violation("a good call of an API is refused", { path, status, body });
    this.#ledger.must(fromClients, token, this.#world.now());
  }

  async #event(): Promise<void> {
    const token = this.#world.token("h");
    this.#world.note(`put event ${token} for an API`);
    this.#ledger.may(fromRule, token);
    const Detail = JSON.stringify({ token });
    const put = this.#world.sdk.eventbridge.putEvents({ Entries: [{ Source: source, DetailType: "made", Detail }] });
    if ((await this.#world.sure(put)) !== undefined) this.#ledger.must(fromRule, token, this.#world.now() + soonMs);
  }

  /** Changes nothing of the API: what is under way meanwhile must not notice. */
  async #deploy(): Promise<void> {
    this.#world.note("deploy the REST API again");
    const { apigateway } = this.#world.sdk;
    await this.#world.sure(apigateway.createDeployment({ restApiId: this.#restApi, stageName: "live" }));
  }

  async recover(): Promise<void> {}

  async check(): Promise<void> {
    const now = this.#world.now();
    this.#sinks.look();
    this.#ledger.checkDue(fromClients, now);
    this.#ledger.checkDue(fromRule, now);
    this.#ledger.checkOnce(fromClients);
  }
}
