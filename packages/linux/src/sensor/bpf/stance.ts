/** Who decides in a namespace, and what becomes of an act that is not decided: `struct default_action` in `bpf/record.h`. */
import type { BpfMap } from "../../libbpf/map.ts";
import { defaultAction, modes, u32 } from "./structures.ts";

/** As many as `MOST_NAMESPACES` in `bpf/maps.h`. */
export const MOST_NAMESPACES = 1024;

export interface Stance {
  readonly mode: number;
  /** The process id of the supervisor; 0 if it has ended. */
  readonly supervisor: number;
  /** How many processors the supervisor may use: on one of them no task waits in place. */
  readonly processors: number;
  /** The mode while there is no supervisor. */
  readonly alone: number;
}

/** What is noted of a namespace in the map `default_actions`; undefined if nothing is. */
export function stanceOf(actions: BpfMap, id: number): Stance | undefined {
  const bytes = Buffer.alloc(defaultAction.bytes);
  if (!actions.lookup(placeOf(id), bytes) || bytes.readUInt32LE(defaultAction.namespace_id) !== id) return undefined;
  return {
    mode: bytes.readUInt32LE(defaultAction.mode),
    supervisor: bytes.readUInt32LE(defaultAction.supervisor),
    processors: bytes.readUInt32LE(defaultAction.processors),
    alone: bytes.readUInt32LE(defaultAction.alone),
  };
}

/** Without `alone`: as it was. What is new is refused without its supervisor, unless it only tells. */
export function setStance(actions: BpfMap, id: number, stance: Omit<Stance, "alone"> & Partial<Stance>): void {
  const { mode, supervisor, processors, alone = stanceOf(actions, id)?.alone ?? aloneIn(mode) } = stance;
  actions.update(placeOf(id), Buffer.concat([id, mode, supervisor, processors, alone].map(u32)));
}

const aloneIn = (mode: number): number => (mode === modes.tell ? modes.tell : modes.refuse);

/** From now on what is not decided is refused to a process that is still in the namespace. */
export function removeStance(actions: BpfMap, id: number): void {
  if (stanceOf(actions, id)) actions.update(placeOf(id), Buffer.alloc(defaultAction.bytes));
}

/** The index of a namespace in the maps that have an entry for each: `place_of` in `bpf/namespaces.h`. */
export function placeOf(id: number): Buffer {
  return u32(id % MOST_NAMESPACES);
}
