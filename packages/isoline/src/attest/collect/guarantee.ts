/** What the sensor of a canister vouches for, in words: docs/guarantees. Nothing is claimed beyond it. */
import type { Attested } from "../../control/protocol.ts";

type Sensed = Pick<Attested, "sensor" | "mode" | "landlock" | "tracepoints">;

export function guaranteeOf({ sensor, mode, landlock, tracepoints }: Sensed): string {
  if (sensor === "bpf") {
    if (mode === "enforce")
      return "the kernel's own objects are judged; what is off contour is refused before its effect";
    // A supervisor that does not say how its programs are attached may have them at tracepoints.
    return tracepoints === false
      ? "the kernel's own objects are judged; what is off contour goes ahead, and is recorded"
      : "each call is judged after its effect, names and addresses by the task's memory: a thread may have it recorded as another act";
  }
  if (mode !== "enforce")
    return (
      "each call is judged before its effect, but for those about names where nothing may be refused, " +
      "which are judged by what they did; a thread that wins a race may go unseen"
    );
  return landlock
    ? "each call is judged before its effect and refused off contour; Landlock refuses races as far as it reaches"
    : "each call is judged before its effect and refused off contour; a thread that wins a race may go unseen";
}

/** A process that begins a namespace under seccomp installs the filter itself, and the agent cannot see what that filter is. */
export function begunGuarantee(told: Sensed): string {
  if (told.sensor === "bpf") return `${guaranteeOf(told)}; a process began it for itself, and the kernel took it in`;
  return "a process began it for itself and installed the filter: it holds what that process started, unless it meant to deceive";
}
