/** Security schemes of a document: authorizers, API keys and signatures. */
import { isObject } from "../../../../protocols/unknown-json.ts";
import { checkAuthorizer, checkAuthorizerUri } from "../authorizer-checks.ts";
import type { AuthorizerSettings } from "../authorizers.ts";
import type { AuthorizationType } from "../definitions.ts";
import type { Members } from "./document.ts";
import { type Reader, textsIn } from "./reader.ts";

/** Who may call a method. */
export interface MethodSecurity {
  readonly authorizationType: AuthorizationType;
  readonly authorizerName?: string | undefined;
  readonly authorizationScopes: readonly string[];
  readonly apiKeyRequired: boolean;
}

type Scheme =
  | { readonly kind: "authorizer"; readonly authorizer: AuthorizerSettings }
  | { readonly kind: "key" | "iam" | "other" };

export class Security {
  readonly #reader: Reader;
  readonly #schemes = new Map<string, Scheme>();

  constructor(reader: Reader) {
    this.#reader = reader;
    const { root, document } = reader;
    const components = isObject(root["components"]) ? root["components"] : {};
    const schemes = document.version === 2 ? root["securityDefinitions"] : components["securitySchemes"];
    for (const [name, value] of reader.entries(schemes)) {
      const scheme = reader.object(value);
      if (scheme !== undefined) this.#schemes.set(name, this.#schemeOf(name, scheme));
    }
  }

  /** All authorizers of the document, used or not. */
  get authorizers(): AuthorizerSettings[] {
    return [...this.#schemes.values()].flatMap((scheme) => (scheme.kind === "authorizer" ? [scheme.authorizer] : []));
  }

  #schemeOf(name: string, scheme: Members): Scheme {
    const reader = this.#reader;
    const authType = reader.text(scheme["x-amazon-apigateway-authtype"]);
    const authorizer = reader.object(scheme["x-amazon-apigateway-authorizer"]);
    if (authorizer !== undefined) return this.#authorizer(name, scheme, authorizer, authType);
    if (authType?.toLowerCase() === "awssigv4") return { kind: "iam" };
    if (scheme["type"] === "apiKey" && reader.text(scheme["name"])?.toLowerCase() === "x-api-key")
      return { kind: "key" };
    return { kind: "other" };
  }

  #authorizer(name: string, scheme: Members, members: Members, authType: string | undefined): Scheme {
    const reader = this.#reader;
    const text = (member: string) => reader.text(members[member]) || undefined;
    const type = (text("type") ?? "token").toUpperCase() as AuthorizerSettings["type"];
    if (!["TOKEN", "REQUEST", "COGNITO_USER_POOLS"].includes(type)) {
      reader.fail(`Unable to create authorizer '${name}': Invalid authorizer type specified: ${type}`);
      return { kind: "other" };
    }
    const ttl = Number(text("authorizerResultTtlInSeconds") ?? Number.NaN);
    const header = reader.text(scheme["name"]);
    const own = header !== undefined && scheme["in"] === "header" ? `method.request.header.${header}` : undefined;
    const authorizer: AuthorizerSettings = {
      name,
      type,
      authType,
      authorizerUri: text("authorizerUri"),
      authorizerCredentials: text("authorizerCredentials"),
      identitySource: text("identitySource") ?? (type === "REQUEST" ? undefined : own),
      identityValidationExpression: text("identityValidationExpression"),
      authorizerResultTtlInSeconds: Number.isNaN(ttl) ? undefined : Math.trunc(ttl),
      providerARNs: textsIn(members["providerARNs"]).map((arn) => reader.text(arn) as string),
    };
    reader.attempt(`Unable to create authorizer '${name}'`, () => {
      checkAuthorizerUri(type, authorizer.authorizerUri);
      checkAuthorizer({ ...authorizer, id: "" });
    });
    return { kind: "authorizer", authorizer };
  }

  /** The security of an operation, or the document's if the operation has none. */
  of(operation: Members): MethodSecurity {
    const reader = this.#reader;
    let authorizationType: AuthorizationType = "NONE";
    let authorizerName: string | undefined;
    let authorizationScopes: readonly string[] = [];
    let apiKeyRequired = false;
    const requirements = operation["security"] ?? reader.root["security"];
    for (const requirement of Array.isArray(requirements) ? (requirements as unknown[]) : []) {
      for (const [name, scopes] of reader.entries(requirement)) {
        const scheme = this.#schemes.get(name);
        if (scheme === undefined) reader.warn(`Unable to find the security scheme '${name}'`);
        else if (scheme.kind === "key") apiKeyRequired = true;
        else if (scheme.kind === "iam") authorizationType = "AWS_IAM";
        else if (scheme.kind === "authorizer") {
          authorizerName = name;
          authorizationType = scheme.authorizer.type === "COGNITO_USER_POOLS" ? "COGNITO_USER_POOLS" : "CUSTOM";
          authorizationScopes = textsIn(scopes);
        }
      }
    }
    const own = reader.object(operation["x-amazon-apigateway-auth"]);
    const type = own && reader.text(own["type"])?.toUpperCase();
    if (type === "AWS_IAM" || type === "NONE") authorizationType = type;
    if (authorizationType === "AWS_IAM" || authorizationType === "NONE") authorizerName = undefined;
    return { authorizationType, authorizerName, authorizationScopes, apiKeyRequired };
  }
}
