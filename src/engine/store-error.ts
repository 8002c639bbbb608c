/**
 * The store cannot work for a reason outside the program: the directory, another process, the disk. The message is one
 * line.
 */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
