/** Who decides in a namespace, and what becomes of an act that is not decided: `struct default_action` in `bpf/record.h`. */
import type { BpfMap } from "../../libbpf/map.ts";
import { defaultAction, u32 } from "./structures.ts";

/** As many as `MOST_NAMESPACES` in `bpf/maps.h`. */
export const MOST_NAMESPACES = 1024;

export interface Stance {
  readonly mode: number;
  /** The process id of the supervisor; 0 if it has ended. */
  readonly supervisor: number;
  /** How many processors the supervisor may use: on one of them no task waits in place. */
  readonly processors: number;
}

/** What is noted of a namespace in the map `default_actions`; undefined if nothing is. */
export function stanceOf(actions: BpfMap, id: number): Stance | undefined {
  const bytes = Buffer.alloc(defaultAction.bytes);
  if (!actions.lookup(placeOf(id), bytes) || bytes.readUInt32LE(defaultAction.namespace_id) !== id) return undefined;
  return {
    mode: bytes.readUInt32LE(defaultAction.mode),
    supervisor: bytes.readUInt32LE(defaultAction.supervisor),
    processors: bytes.readUInt32LE(defaultAction.processors),
  };
}

export function setStance(actions: BpfMap, id: number, { mode, supervisor, processors }: Stance): void {
  actions.update(placeOf(id), Buffer.concat([u32(id), u32(mode), u32(supervisor), u32(processors)]));
}

/** From now on what is not decided is refused to a process that is still in the namespace. */
export function removeStance(actions: BpfMap, id: number): void {
  if (stanceOf(actions, id)) actions.update(placeOf(id), Buffer.alloc(defaultAction.bytes));
}

/** The index of a namespace in the maps that have an entry for each: `place_of` in `bpf/namespaces.h`. */
export function placeOf(id: number): Buffer {
  return u32(id % MOST_NAMESPACES);
}
