import { describe, expect, it } from "vitest";
import { Readers } from "./readers.ts";

describe("readers of changes", () => {
  const ended: string[] = [];
  const reads = (readers: Readers, tenant: string | undefined, name: string) =>
    readers.begin({ name, tenant }, () => ended.push(`${tenant ?? "*"} ${name}`));

  it("of one tenant may take all places, and give way to another tenant up to an equal share", () => {
    const readers = new Readers(4);
    for (let round = 0; round < 4; round++) reads(readers, "acme", "vic");
    ended.length = 0;
    reads(readers, "umbrella", "vic");
    reads(readers, undefined, "ann");
    expect(ended).toEqual(["acme vic", "acme vic"]);
    expect(() => reads(readers, "umbrella", "vic")).toThrow(/at most 4 readers/);
    expect(readers.number).toBe(4);
  });

  it("of one person give way to others of the tenant, the oldest first, and no further", () => {
    const readers = new Readers(3);
    const order: number[] = [];
    for (const at of [0, 1, 2]) readers.begin({ name: "vic", tenant: "acme" }, () => order.push(at));
    expect(() => reads(readers, "acme", "vic")).toThrow(/close one/);
    reads(readers, "acme", "ola");
    expect(order).toEqual([0]);
    expect(() => reads(readers, "acme", "ola")).toThrow(/close one/);
  });

  it("give their place back once", () => {
    const readers = new Readers(2);
    const first = reads(readers, "acme", "vic");
    reads(readers, "acme", "vic");
    first();
    first();
    expect(readers.number).toBe(1);
    reads(readers, "acme", "vic");
    expect(() => reads(readers, "acme", "vic")).toThrow(/at most 2/);
  });
});
