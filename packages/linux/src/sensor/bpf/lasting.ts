/** Which verdicts the BPF programs may keep. */
import type { Operation } from "@isoline/core/event";
import { changesNames } from "@isoline/core/identity";
import type { Identity } from "../acting.ts";
import type { Act } from "../mediation.ts";
import { dependsOnRelation } from "./asked.ts";
import { UNTOLD } from "./identities.ts";
import { portIn } from "./ports.ts";
import type { BpfProcess } from "./processes.ts";
import { operations, type Record } from "./record.ts";

const NR_PTRACE = 101;

/** Whether the programs hardly wait for a verdict and cannot have the call made again: `looked_into` in `bpf/processes.bpf.c`. */
export function hardlyWaits(record: Pick<Record, "operation" | "argument">): boolean {
  return record.operation === operations.ptrace && record.argument(0) !== NR_PTRACE;
}

/**
 * Whether the key of such a call tells all that its verdict depends on: it has the numbers of both processes, which are never used again.
 * `named`: what the target runs, as the key has it. A target of which that was not read yet would be judged as what it ran before.
 */
export function isToldByKey(
  record: Pick<Record, "operation" | "argument">,
  target: Pick<BpfProcess, "identity"> | undefined,
  named: Identity,
): boolean {
  return hardlyWaits(record) && named !== UNTOLD && target?.identity === named;
}

/** Operations that may be decided for good the first time; others may the second time, because most are done once. */
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

/** For how long a verdict on an act holds for the next one with its key. */
export type Holding = "always" | "without a supervisor" | "never";

/**
 * Ports and abstract names pass from one socket to another, and what another process is to the actor may change: the key does not tell. The
 * lens must see each name that is made, moved or removed: the name may get a token, or lose the one that it has. Without a supervisor there
 * is no lens.
 */
export function holdingOf(act: Act): Holding {
  if (dependsOnRelation(act)) return "never";
  // The port of a socket that accepts is its own.
  if (act.op !== "accept" && portIn(act) !== undefined) return "never";
  const { family, address } = act.subject as { readonly family?: string; readonly address?: string };
  if (family === "unix" && address !== undefined && !address.startsWith("/")) return "never";
  return changesNames(act.op) ? "without a supervisor" : "always";
}
