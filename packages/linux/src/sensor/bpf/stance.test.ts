import { expect, test } from "vitest";
import type { BpfMap } from "../../libbpf/map.ts";
import { setStance, stanceOf } from "./stance.ts";
import { modes } from "./structures.ts";

/** The map `default_actions`, in memory. */
function actions(): BpfMap {
  const kept = new Map<string, Buffer>();
  const lookup = (key: Buffer, value: Buffer) => (kept.get(key.toString("hex"))?.copy(value) ?? 0) > 0;
  const update = (key: Buffer, value: Buffer) => kept.set(key.toString("hex"), value).size > 0;
  return { lookup, update } as unknown as BpfMap;
}
const supervised = { supervisor: 4711, processors: 2 };

test.each([
  ["only tells", modes.tell, modes.tell],
  ["holds", modes.hold, modes.refuse],
  ["refuses", modes.refuse, modes.refuse],
])("of a namespace that %s, what becomes of an act without a supervisor", (_, mode, alone) => {
  const map = actions();
  setStance(map, 7, { ...supervised, mode });
  expect(stanceOf(map, 7)).toEqual({ ...supervised, mode, alone });
});

test("a supervisor that takes over leaves it as it was, until it says otherwise", () => {
  const map = actions();
  setStance(map, 7, { ...supervised, mode: modes.hold, alone: modes.tell });
  setStance(map, 7, { supervisor: 4712, processors: 2, mode: modes.hold });
  expect(stanceOf(map, 7)?.alone).toBe(modes.tell);
  setStance(map, 7, { ...supervised, mode: modes.hold, alone: modes.refuse });
  expect(stanceOf(map, 7)?.alone).toBe(modes.refuse);
});
