/** Which verdicts the BPF programs may keep. */
import type { Operation } from "@isoline/core/event";

/**
 * Operations that may be decided for good. The lens must see each name that is made, moved or removed, and changes of
 * attributes are rare.
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
  // One call may come to this hook more than once.
  "keyctl",
  "kexec",
]);
