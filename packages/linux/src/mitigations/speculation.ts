/** Speculation of the calling thread and its descendants: prctl(2), Documentation/userspace-api/spec_ctrl.rst of the kernel. */
import { getSystemErrorName } from "node:util";
import { prctl } from "../abi/libc.ts";
import type { Offer, Outcome } from "./setting.ts";

/** linux/prctl.h */
const PR_GET_SPECULATION_CTRL = 52;
const PR_SET_SPECULATION_CTRL = 53;
const FEATURES = { "store-bypass": 0, "indirect-branch": 1, "l1d-flush": 2 } as const;
const PR_SPEC_PRCTL = 1 << 0;
const PR_SPEC_ENABLE = 1 << 1;
const PR_SPEC_DISABLE = 1 << 2;
const PR_SPEC_FORCE_DISABLE = 1 << 3;

export type SpeculationName = keyof typeof FEATURES;
export const speculationNames = Object.keys(FEATURES) as readonly SpeculationName[];

/**
 * Speculation is disabled by force, which no process can undo. The first level of the data cache is flushed when the thread leaves
 * its core; a process can undo that for itself.
 */
export function restrictSpeculation(name: SpeculationName): Outcome {
  const state = stateOf(name);
  if (isSafe(name, state)) return { is: state === 0 ? "not-affected" : "always" };
  const wanted = name === "l1d-flush" ? PR_SPEC_ENABLE : PR_SPEC_FORCE_DISABLE;
  const result = prctl(PR_SET_SPECULATION_CTRL, FEATURES[name], wanted);
  if (result < 0)
    return { is: "refused", why: `the kernel answers ${getSystemErrorName(result)}; ${describe(name, state)}` };
  const now = stateOf(name);
  const isSet = now > 0 && (now & closedBy(name)) !== 0;
  return isSet ? { is: "set" } : { is: "refused", why: `it is not in force after it was set (0x${now.toString(16)})` };
}

export function offerSpeculation(name: SpeculationName): Offer {
  const state = stateOf(name);
  const works = state >= 0 && (isSafe(name, state) || (state & PR_SPEC_PRCTL) !== 0);
  return { name, works, detail: describe(name, state) };
}

/** Flags, or a negative errno. */
const stateOf = (name: SpeculationName) => prctl(PR_GET_SPECULATION_CTRL, FEATURES[name]);

/** Whether nothing needs to be set: the processor is not affected (0), or the flaw is closed for every process. */
function isSafe(name: SpeculationName, state: number): boolean {
  return state === 0 || (state > 0 && (state & PR_SPEC_PRCTL) === 0 && (state & closedBy(name)) !== 0);
}

/** The flags of which one says that the flaw is closed: a flush is enabled, speculation is disabled. */
const closedBy = (name: SpeculationName) =>
  name === "l1d-flush" ? PR_SPEC_ENABLE : PR_SPEC_DISABLE | PR_SPEC_FORCE_DISABLE;

function describe(name: SpeculationName, state: number): string {
  if (state < 0) return `this kernel does not know it (${getSystemErrorName(state)})`;
  if (state === 0) return "this processor is not affected";
  if ((state & PR_SPEC_PRCTL) !== 0) return "can be set for each process";
  return isSafe(name, state) ? "in force for every process" : "off for every process, and cannot be set for one";
}
