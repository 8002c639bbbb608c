/** GetSdkTypes, GetSdkType and GetSdk. Busbar generates no client code, and says so. */
import {
  GetSdk$,
  type GetSdkCommand,
  GetSdkType$,
  type GetSdkTypeCommand,
  GetSdkTypes$,
  type GetSdkTypesCommand,
} from "@aws-sdk/client-api-gateway";
import { operation } from "./apigateway.ts";
import { badRequest, notFound } from "./errors.ts";
import { pageOfList } from "./pages.ts";
import { stageOf } from "./stages.ts";

interface Property {
  readonly name: string;
  readonly friendlyName: string;
  readonly description: string;
  readonly required: boolean;
}

const property = (name: string, friendlyName: string, description: string, required = true): Property => ({
  name,
  friendlyName,
  description,
  required,
});

const prefix = property("classPrefix", "Prefix", "The prefix of the names of generated classes");

const sdkTypes: readonly { id: string; friendlyName: string; description: string; properties: readonly Property[] }[] =
  [
    {
      id: "android",
      friendlyName: "Android",
      description: "Android SDK",
      properties: [
        property("groupId", "Group ID", "The Maven group id"),
        property("invokerPackage", "Invoker package", "The Java package of the client"),
        property("artifactId", "Artifact ID", "The Maven artifact id"),
        property("artifactVersion", "Artifact version", "The Maven version"),
      ],
    },
    {
      id: "java",
      friendlyName: "Java",
      description: "Java SDK",
      properties: [
        property("service.name", "Service Name", "The name of the generated client's interface"),
        property("java.package-name", "Java Package Name", "The package of the generated classes"),
        property("java.build-system", "Java Build System", "The build system of the generated project", false),
        property("java.group-id", "Java Group Id", "The Maven group id", false),
        property("java.artifact-id", "Java Artifact Id", "The Maven artifact id", false),
        property("java.artifact-version", "Java Artifact Version", "The Maven version", false),
      ],
    },
    { id: "javascript", friendlyName: "JavaScript", description: "JavaScript SDK", properties: [] },
    { id: "objectivec", friendlyName: "iOS (Objective-C)", description: "Objective-C SDK", properties: [prefix] },
    {
      id: "ruby",
      friendlyName: "Ruby",
      description: "Ruby SDK",
      properties: [
        property("service.name", "Service Name", "The name of the generated module"),
        property("ruby.gem-name", "Ruby Gem Name", "The name of the gem", false),
        property("ruby.gem-version", "Ruby Gem Version", "The version of the gem", false),
      ],
    },
    { id: "swift", friendlyName: "iOS (Swift)", description: "Swift SDK", properties: [prefix] },
  ];

export const getSdkTypes = operation<GetSdkTypesCommand>(GetSdkTypes$, (input) => {
  const { rows, position } = pageOfList(sdkTypes, input);
  return { items: rows.map(described), position };
});

export const getSdkType = operation<GetSdkTypeCommand>(GetSdkType$, (input) => {
  const type = sdkTypes.find(({ id }) => id === input.id);
  if (type === undefined) throw notFound("Invalid SDK type identifier specified");
  return described(type);
});

export const getSdk = operation<GetSdkCommand>(GetSdk$, (input, context) => {
  stageOf(context.service, context, input);
  const type = sdkTypes.find(({ id }) => id === input.sdkType);
  if (type === undefined) throw badRequest("Invalid SDK type specified");
  for (const { name, required } of type.properties) {
    if (required && !Object.hasOwn(input.parameters ?? {}, name)) {
      throw badRequest(`Missing required SDK configuration parameter: ${name}`);
    }
  }
  throw badRequest(
    "Busbar does not generate SDKs. Export the stage as oas30 and give that document to a generator of your choice.",
  );
});

function described({ id, friendlyName, description, properties }: (typeof sdkTypes)[number]) {
  return {
    id,
    friendlyName,
    description,
    configurationProperties: properties.length > 0 ? [...properties] : undefined,
  };
}
