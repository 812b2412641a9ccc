import fc from "fast-check";
import { expect, it } from "vitest";
import { Largest } from "./largest.ts";

/** Which one of a few, and its new size; zero takes it out. */
const acts = fc.array(fc.tuple(fc.nat({ max: 11 }), fc.nat({ max: 30 })), { maxLength: 200 });

it("the first has the most, whatever came, changed and went", () => {
  fc.assert(
    fc.property(acts, (each) => {
      const largest = new Largest<{ size: number; place: number }>();
      const items = new Map<number, { size: number; place: number }>();
      for (const [which, size] of each) {
        const item = items.get(which);
        if (item === undefined) {
          const added = { size, place: 0 };
          items.set(which, added);
          largest.add(added);
        } else if (size === 0) {
          items.delete(which);
          largest.remove(item);
        } else {
          item.size = size;
          largest.changed(item);
        }
        expect(largest.first?.size ?? -1).toBe(Math.max(-1, ...Array.from(items.values(), (one) => one.size)));
      }
    }),
  );
});
