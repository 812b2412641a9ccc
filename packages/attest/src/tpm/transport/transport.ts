/** A way to a TPM: one command in, one response out. */
export interface Transport {
  /** Sends a command and returns the whole response. Commands do not overlap. */
  exchange(command: Uint8Array): Promise<Buffer>;
  close(): void;
}

/** The header of commands and responses: tag, length, code (TPM 2.0 Library, part 1, 18). */
export const HEADER = 10;
/** The largest response of the PC client profile. */
export const MOST_RESPONSE = 4096;
