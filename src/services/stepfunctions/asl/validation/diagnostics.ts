/** One finding about a definition, as ValidateStateMachineDefinition returns it. */
export type Diagnostic = {
  severity: "ERROR" | "WARNING";
  code: string;
  message: string;
  /** Like `/States/A/Next`; absent for findings about the whole machine. */
  location?: string;
};

/** Findings beyond this are not kept: AWS returns at most as many. */
const maxDiagnostics = 100;

/** The findings about one definition, gathered in the order of the definition. */
export class Diagnostics {
  readonly list: Diagnostic[] = [];

  private add(severity: Diagnostic["severity"], code: string, message: string, location: string | undefined): void {
    if (this.list.length >= maxDiagnostics) return;
    this.list.push({ severity, code, message, ...(location === undefined ? {} : { location }) });
  }

  error(code: string, message: string, location?: string): void {
    this.add("ERROR", code, message, location);
  }

  schema(message: string, location: string): void {
    this.error("SCHEMA_VALIDATION_FAILED", message, location);
  }

  warning(code: string, message: string, location: string): void {
    this.add("WARNING", code, message, location);
  }
}

/** The message of CreateStateMachine's and UpdateStateMachine's InvalidDefinition: all errors, an absent location as `null`. */
export function invalidDefinitionMessage(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics
    .filter((diagnostic) => diagnostic.severity === "ERROR")
    .map(({ code, message, location }) => `${code}: ${message} at ${location ?? "null"}`);
  return `Invalid State Machine Definition: '${errors.join(", ")}'`;
}

/** The message for a field that has a value other than those it may have. */
export function oneOf(field: string, values: readonly string[]): string {
  return `The field '${field}' should have one of these values: [${values.join(", ")}]`;
}

/** The message for a Task's Resource that names nothing Step Functions can call. */
export function notRecognized(arn: string): string {
  return `The resource provided ${arn} is not recognized. The value is not a valid resource ARN, or the resource is not available in this region.`;
}
