/** What is said over a control socket: docs/control-socket.md. */
import type { CountedSnapshot } from "../namespace/live.ts";
import type { Standing } from "../namespace/standing.ts";

/** `GET /state`: one live namespace at one moment. */
export interface State extends Omit<CountedSnapshot, "untrusted" | "everUntrusted"> {
  readonly isoline: 1;
  readonly name: string;
  /** Of the workload's first process, which may have ended. */
  readonly pid: number;
  /** Of the isoline that supervises it. */
  readonly supervisor: number;
  readonly command: string;
  readonly contour: string;
  /** ISO 8601, UTC. */
  readonly started: string;
}

/** `GET /attest`: what evidence says of one live namespace. */
export interface Attested extends Standing {
  readonly isoline: 1;
  readonly name: string;
  readonly command: string;
  /** Of a canister: the digest of its image; null for a command. */
  readonly image: string | null;
  /** ISO 8601, UTC. */
  readonly started: string;
  /** The signature of the contour that it runs under, in base64; null if it is not signed. A supervisor of an earlier isoline has none. */
  readonly signature?: string | null;
}

/** `GET /attest` of a namespace that a TPM is to record, before its birth. */
export interface NotBegun {
  readonly isoline: 1;
  readonly name: string;
  readonly begun: false;
}

/** A refusal. */
export interface Refusal {
  readonly error: { readonly code: string; readonly message: string };
}

/** The purposes of files that a call of a container's runtime is given, and their names in a contour. */
export const callFiles: Readonly<Record<string, string>> = {
  process: "$PROCESS",
  "pid-file": "$PIDFILE",
  "new-pid-file": "$PIDFILE.new",
  "console-socket": "$CONSOLE",
};
