/**
 * The note in the kernel of who decides about a namespace. The BPF programs take it back when that process ends. Where a process lives on
 * and its supervising thread does not, it takes the note back itself: then another supervisor can take the namespace over.
 */
import { BpfMap } from "../../libbpf/map.ts";
import { setStance, stanceOf } from "./stance.ts";
import { namespaceState, u32 } from "./structures.ts";
import { wakeHeld } from "./wake.ts";

/** Descriptors of maps, in this process, and what is noted in them. */
export interface Note {
  readonly states: number;
  readonly actions: number;
  readonly holding: number;
  readonly id: number;
  /** The process id of the supervisor. */
  readonly supervisor: number;
}

/**
 * What was decided goes ahead as before, and the rest is refused where the namespace was enforced. A task that waits for a verdict is
 * woken, asks again, and is refused. The note stays where it is not this supervisor's; and where no process has begun in the namespace:
 * one that is just being started would begin outside.
 */
export function takeBack({ states, actions, holding, id, supervisor }: Note): void {
  const state = Buffer.alloc(namespaceState.bytes);
  if (!new BpfMap("namespace_states", states).lookup(u32(id), state)) return;
  if (state.readBigUInt64LE(namespaceState.born) === 0n) return;
  const noted = new BpfMap("default_actions", actions);
  const stance = stanceOf(noted, id);
  if (stance?.supervisor !== supervisor) return;
  setStance(noted, id, { ...stance, supervisor: 0 });
  wakeHeld(holding, id, 0);
}
