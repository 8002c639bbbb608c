/** How a REST service refused a call, as its SDK client shows it. */
export interface Refusal {
  readonly name: string;
  readonly status: number;
  readonly message: string;
}

export function refusal(name: string, message: string, status = 400): Refusal {
  return { name, status, message };
}

/** What a call was refused with; nothing where it was not. */
export async function outcomeOf(call: Promise<unknown>): Promise<Refusal | undefined> {
  try {
    await call;
    return undefined;
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: { httpStatusCode?: number } };
    if ($metadata?.httpStatusCode === undefined) throw error;
    return { name, status: $metadata.httpStatusCode, message };
  }
}

/** What a call was refused with. @throws Error when it was not. */
export async function refused(call: Promise<unknown>): Promise<Refusal> {
  const outcome = await outcomeOf(call);
  if (outcome === undefined) throw new Error("The call was not refused.");
  return outcome;
}
