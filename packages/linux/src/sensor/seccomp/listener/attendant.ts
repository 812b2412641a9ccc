/** What the supervising thread attends to between two calls, beside the calls: descriptors, and moments. */
export interface Attendant {
  /** The number of descriptors that it waits for; while there is none, it is not called. */
  readonly count: number;
  /** Milliseconds after which it must be called at the latest. */
  readonly patience: number | undefined;
  /** Writes a `struct pollfd` of 8 bytes for each descriptor, from `offset`. */
  describe(entries: Buffer, offset: number): void;
  /** Does what can be done without waiting. */
  attend(): void;
}
