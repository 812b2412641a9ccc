/** When a namespace whose supervisor has ended cannot be taken over. */
import { LinuxError } from "../../error.ts";
import type { Load } from "./load.ts";
import { namespaceState, u32, versionsOf } from "./structures.ts";

/** There is nothing to take over any more. */
export function gone(id: number): LinuxError {
  return new LinuxError("in-use", `namespace ${id} has ended, or has a supervisor already; see isoline ps`);
}

/** The BPF programs go on as they were set when the namespace began. */
export function refuseOtherPolicy(
  load: Load,
  id: number,
  { versions, bars }: { readonly versions: keyof typeof versionsOf; readonly bars: boolean },
): void {
  const state = Buffer.alloc(namespaceState.bytes);
  if (!load.maps.namespace_states.lookup(u32(id), state)) throw gone(id);
  const isSame = (offset: number, asked: number) => state.readUInt32LE(offset) === asked;
  if (isSame(namespaceState.content, versionsOf[versions]) && isSame(namespaceState.bars, Number(bars))) return;
  throw new LinuxError(
    "in-use",
    "the namespace was begun under a policy with another `content` or `reaction`, or with an IMA policy, which is gone with its supervisor; attach with a contour of that policy",
  );
}
