/** Which verdicts the BPF programs may keep. */
import type { Operation } from "@isoline/core";

/**
 * What may be decided for good. Names that are made, moved or removed the lens must see each time, and what files say of
 * themselves is rare.
 */
export const LASTING: ReadonlySet<Operation> = new Set<Operation>([
  "exec",
  "open",
  "map",
  "map-anonymous",
  "protect",
  "socket",
  "listen",
  "connect",
  "accept",
  "send",
  // Asked about more than once by one call.
  "keyctl",
  "kexec",
]);
