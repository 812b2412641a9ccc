/** The plan of a namespace that a process begins for itself: what it asked for, and nothing that takes more rights than it has. */
import type { HeldProcess } from "@isoline/linux";
import { unasked } from "../../integrity/plan.ts";
import type { Plan } from "../../namespace/plan.ts";
import { BEGUN_LABEL } from "../../namespace/label.ts";
import type { BegunPlace } from "./files.ts";
import type { BeginOrder } from "./order.ts";

/** `asking` is the process that asks; for itself, it is taken in as it is. */
export function planOf(
  { contour, enforces, policy, places, openFiles, isForItself }: BeginOrder,
  asking: HeldProcess,
  kept: BegunPlace,
): Plan {
  const rules = kept.put("policy", policy);
  return {
    mode: contour === undefined ? "learn" : enforces ? "enforce" : "watch",
    contour: kept.put("contour", contour?.bytes),
    integrity: rules === undefined ? undefined : { ...unasked, policy: rules },
    ...{ places, openFiles, launcher: asking.pid },
    ...(isForItself ? { sensor: "bpf", takesIn: asking, label: BEGUN_LABEL } : { sensor: "seccomp" }),
    forStranger: true,
    // Its rules would tell of files that only the agent may see.
    landlock: false,
    output: undefined,
    policy: undefined,
    trajectory: undefined,
  };
}
