/** A diagnostic about a definition, as ValidateStateMachineDefinition returns it. */
export type Diagnostic = {
  severity: "ERROR" | "WARNING";
  code: string;
  message: string;
  /** Such as `/States/A/Next`; absent for diagnostics about the whole machine. */
  location?: string;
};

/** AWS returns at most this many. */
const maxDiagnostics = 100;

/** The diagnostics about one definition, in its order. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];

  private add(severity: Diagnostic["severity"], code: string, message: string, location: string | undefined): void {
    if (this.list.length >= maxDiagnostics) return;
    this.list.push({ severity, code, message, ...(location === undefined ? {} : { location }) });
  }

  /** Adds an error. */
  error(code: string, message: string, location?: string): void {
    this.add("ERROR", code, message, location);
  }

  /** Adds an error about the form of the definition. */
  schema(message: string, location: string): void {
    this.error("SCHEMA_VALIDATION_FAILED", message, location);
  }

  /** Adds a warning. */
  warning(code: string, message: string, location: string): void {
    this.add("WARNING", code, message, location);
  }
}

/**
 * The message of CreateStateMachine's and UpdateStateMachine's InvalidDefinition: all errors, an absent location as
 * null.
 */
export function invalidDefinitionMessage(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics
    .filter((diagnostic) => diagnostic.severity === "ERROR")
    .map(({ code, message, location }) => `${code}: ${message} at ${location ?? "null"}`);
  return `Invalid State Machine Definition: '${errors.join(", ")}'`;
}

/** The message for a field whose value is not one of `values`. */
export function oneOf(field: string, values: readonly string[]): string {
  return `The field '${field}' should have one of these values: [${values.join(", ")}]`;
}

/** The message for a Task's Resource that Step Functions cannot call. */
export function notRecognized(arn: string): string {
  return `The resource provided ${arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`;
}
