/** Which verdicts the BPF programs may keep. */
import type { Operation } from "@isoline/core/event";
import type { Act } from "../mediation.ts";
import { dependsOnRelation } from "./asked.ts";
import { portIn } from "./ports.ts";

/**
 * Operations that may be decided for good. The lens must see each name that is made, moved or removed, and changes of
 * attributes are rare.
 */
const LASTING: ReadonlySet<Operation> = new Set<Operation>([
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

/**
 * Whether nothing but what its key covers decides which act it is. Ports and abstract names pass from one socket to another, and what
 * another process is to the actor may change.
 */
export function isToldByKey(act: Act): boolean {
  if (!LASTING.has(act.op) || dependsOnRelation(act)) return false;
  // The port of a socket that accepts is its own.
  if (act.op !== "accept" && portIn(act) !== undefined) return false;
  const { family, address } = act.subject as { readonly family?: string; readonly address?: string };
  return family !== "unix" || address === undefined || address.startsWith("/");
}
