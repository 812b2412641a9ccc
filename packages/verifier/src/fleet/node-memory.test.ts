/** How tenants share a memory, under any acts: its bound, and that nothing of a tenant within its share is let go for another one. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { NodeMemory } from "./node-memory.ts";

const MOST = 120;
const TENANTS = ["a", "b", "c", "d"];
const SHARE = MOST / TENANTS.length;
const NODES = TENANTS.flatMap((tenant) =>
  Array.from({ length: 12 }, (_, index) => ({ id: `${tenant}${index}`, tenant })),
);

const act = fc.record({
  node: fc.constantFrom(...NODES),
  // Zero: what is of the node is dropped.
  size: fc.integer({ min: 0, max: MOST + 1 }).map((size) => (size > MOST ? size : size % 40)),
});

/** The size of what each node has. Asking is a use, so the order of last use is that of the nodes here. */
const heldIn = (memory: NodeMemory<number>, nodes: readonly { readonly id: string }[]) =>
  new Map(nodes.map(({ id }) => [id, memory.get(id) ?? 0]));
const sumOf = (held: ReadonlyMap<string, number>, tenant = "") =>
  [...held].reduce((sum, [id, size]) => sum + (id.startsWith(tenant) ? size : 0), 0);

it("no acts lead to more than the memory has, or to a size that is not that of what is in it", () => {
  const acts = fc.array(act, { maxLength: 300 });
  fc.assert(
    fc.property(acts, (each) => {
      const memory = new NodeMemory<number>(MOST, 60);
      for (const { node, size } of each) {
        if (size === 0) memory.drop(node.id);
        else memory.keep(node, size, size);
        expect(memory.size).toBeLessThanOrEqual(MOST);
      }
      expect(sumOf(heldIn(memory, NODES))).toBe(memory.size);
      for (const { id } of NODES) memory.drop(id);
      expect(memory.size).toBe(0);
    }),
  );
});

it("what is let go is of one other tenant, had more than an equal share, and left it with no less than the one that asked", () => {
  const acts = fc.array(fc.tuple(act, fc.shuffledSubarray(NODES, { minLength: NODES.length })), { maxLength: 100 });
  fc.assert(
    fc.property(acts, (each) => {
      const memory = new NodeMemory<number>(MOST, 60);
      for (const [{ node, size }, order] of each) {
        const before = heldIn(memory, order);
        const isKept = memory.keep(node, size, size);
        const after = heldIn(memory, order);
        const lost = NODES.filter(({ id }) => id !== node.id && before.get(id) !== after.get(id));
        const victims = [...new Set(lost.map(({ tenant }) => tenant))];
        const largest = Math.max(...TENANTS.filter((one) => one !== node.tenant).map((one) => sumOf(before, one)));
        // The last one that was let go may have more than was missing.
        const last = Math.max(0, ...lost.map(({ id }) => before.get(id) ?? 0));
        expect(victims.length).toBeLessThanOrEqual(isKept ? 1 : 0);
        expect(victims).not.toContain(node.tenant);
        for (const victim of victims) {
          expect(sumOf(before, victim)).toBe(largest);
          expect(largest).toBeGreaterThan(SHARE);
          expect(sumOf(after, victim) + last).toBeGreaterThan(sumOf(after, node.tenant));
        }
      }
    }),
  );
});

it("a tenant keeps what it asks for, while it has one node's worth less than an equal share", () => {
  const asked = fc.record({ node: fc.constantFrom(...NODES), size: fc.integer({ min: 1, max: SHARE / 2 }) });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 200 }), (each) => {
      const memory = new NodeMemory<number>(MOST, 60);
      for (const { node, size } of each) {
        const { [node.id]: _, ...others } = Object.fromEntries(heldIn(memory, NODES));
        const own = sumOf(new Map(Object.entries(others)), node.tenant);
        const isKept = memory.keep(node, size, size);
        expect(isKept || own + 2 * size > SHARE).toBe(true);
      }
    }),
  );
});

it("one tenant alone has all of it, and what is let go first is what was used the longest ago", () => {
  const memory = new NodeMemory<string>(40, 60);
  const [first, second, third, fourth] = ["1", "2", "3", "4"].map((id) => ({ id, tenant: "a" }));
  for (const node of [first, second, third, fourth]) memory.keep(node as never, "a", 10);
  expect(memory.size).toBe(40);
  memory.get("1");
  expect(memory.keep({ id: "5", tenant: "b" }, "b", 10)).toBe(true);
  expect(["1", "2", "3", "4", "5"].map((id) => memory.get(id))).toEqual(["a", undefined, "a", "a", "b"]);
});
