/** The notes of the last steps, as text. */
export function lastSteps(notes: readonly string[], count: number): string {
  const begins = notes.flatMap((note, index) => (note.startsWith("step ") ? [index] : []));
  return notes.slice(begins.at(-count) ?? 0).join("\n");
}
