/** The answers of a namespace without an integrity view. */
import { type IntegrityAnswers } from "./requests.ts";

/** Why a running namespace accepts no IMA policy: files that the kernel has decided about would never be inspected. */
export const NOT_INSPECTED =
  "under the bpf sensor an IMA policy is named at the start; start the namespace with --ima-policy, or with --sensor seccomp";

const refused = () => ({ refused: "not-inspected", message: NOT_INSPECTED }) as const;

export const answersWithoutIntegrity: IntegrityAnswers = {
  "ima-policy": () => "",
  "ima-list": () => new Uint8Array(),
  "ima-counts": () => ({ entries: 0, violations: 0 }),
  "load-ima-policy": refused,
  "measure-critical-data": refused,
};
