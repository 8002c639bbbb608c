/** Waits `ms` milliseconds of the machine's own time, whatever the clock says: for closing sockets and the like. */
export function realDelay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
