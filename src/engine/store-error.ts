/** The store cannot do its work for a reason outside the program: the directory, another process, the disk. One line. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
