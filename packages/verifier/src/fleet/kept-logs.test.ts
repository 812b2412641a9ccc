/** What a verifier keeps of logs: within its bounds, nothing of another node, and nothing that would put out a node that uses its own. */
import { createHash } from "node:crypto";
import type { Evidence, EvidenceDelta } from "@isoline/attest/evidence";
import { describe, expect, it } from "vitest";
import { KeptLogs } from "./kept-logs.ts";

const node = (id: string, tenant = "default") => ({ id, tenant });
const filled = (length: number, byte: number) => new Uint8Array(length).fill(byte);
const digestOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const having = (logs: Partial<Pick<Evidence, "bootLog" | "imaList" | "ledger">>) => logs as Evidence;
/** A delta that leads to these logs, one after the other. */
const deltaOf = (...logs: readonly Uint8Array[]): EvidenceDelta => ({
  type: "isoline evidence delta 1",
  whole: filled(32, 0),
  logs: logs.map((log) => ({ before: new Uint8Array(), log: digestOf(log) })),
  after: Uint8Array.of(1),
});
const needed = expect.objectContaining({ code: "full-log-needed" });
const MIB = 2 ** 20;

describe("logs that are kept", () => {
  const [boot, ledger] = [filled(200, 1), filled(100, 2)];

  it("are those of the node's last evidence, told by their digests", () => {
    const kept = new KeptLogs(60);
    expect(kept.keep(node("a"), having({ bootLog: boot, ledger }))).toEqual([
      hex(digestOf(boot)),
      hex(digestOf(ledger)),
    ]);
    expect(hex(kept.whole("a", deltaOf(boot, ledger)))).toBe(`${hex(boot)}${hex(ledger)}01`);
    kept.keep(node("a"), having({ bootLog: boot, ledger: filled(120, 2) }));
    expect(() => kept.whole("a", deltaOf(ledger))).toThrow(needed);
    expect(hex(kept.whole("a", deltaOf(boot)))).toBe(`${hex(boot)}01`);
    expect(kept.size).toBe(320);
  });

  it("are named once in a delta, whose whole has a size that is known before it is put together", () => {
    const kept = new KeptLogs(60);
    kept.keep(node("a"), having({ bootLog: boot, ledger }));
    expect(kept.sizeOf("a", deltaOf(boot, ledger))).toBe(301);
    for (const twice of [deltaOf(boot, boot), deltaOf(boot, ledger, boot)]) {
      expect(() => kept.whole("a", twice)).toThrow(needed);
      expect(() => kept.sizeOf("a", twice)).toThrow(needed);
    }
  });

  it("are never those of another node", () => {
    const kept = new KeptLogs(60);
    kept.keep(node("a"), having({ ledger }));
    expect(() => kept.whole("b", deltaOf(ledger))).toThrow(needed);
  });

  it("are not those that are shorter than a digest, nor those of a node with too many", () => {
    const kept = new KeptLogs(60);
    expect(kept.keep(node("a"), having({ ledger: filled(40, 1) }))).toEqual([]);
    expect(kept.keep(node("a"), having({ imaList: filled(4 * MIB + 1, 1) }))).toEqual([]);
    expect(kept.size).toBe(0);
  });

  it("stay where another node comes and the memory is full, so that none of them is asked for twice", () => {
    const kept = new KeptLogs(60, 250);
    kept.keep(node("a"), having({ bootLog: boot }));
    expect(kept.keep(node("b"), having({ ledger }))).toEqual([]);
    expect(kept.keep(node("a"), having({ bootLog: boot }))).toHaveLength(1);
    expect(hex(kept.whole("a", deltaOf(boot)))).toBe(`${hex(boot)}01`);
  });

  it("of a small tenant stay, and grow, while another tenant's nodes send more than the memory has", () => {
    const kept = new KeptLogs(60, 10_000);
    const flood = (round: number) => {
      for (let each = 0; each < 300; each++)
        kept.keep(node(`${each}`, "large"), having({ imaList: filled(100, round) }));
    };
    flood(0);
    expect(kept.size).toBe(10_000);
    expect(kept.keep(node("a", "small"), having({ bootLog: boot }))).toHaveLength(1);
    flood(1);
    expect(hex(kept.whole("a", deltaOf(boot)))).toBe(`${hex(boot)}01`);
    const grown = filled(3000, 1);
    expect(kept.keep(node("a", "small"), having({ bootLog: grown }))).toEqual([hex(digestOf(grown))]);
    flood(2);
    expect(hex(kept.whole("a", deltaOf(grown)))).toBe(`${hex(grown)}01`);
    expect(kept.size).toBe(10_000);
  });

  it("give way where their node has sent nothing for too long", () => {
    const kept = new KeptLogs(-1, 250);
    kept.keep(node("a"), having({ bootLog: boot }));
    expect(kept.keep(node("b"), having({ ledger }))).toHaveLength(1);
    expect(() => kept.whole("a", deltaOf(boot))).toThrow(needed);
    expect(kept.size).toBe(100);
  });

  it("do not lead to more than evidence may have, with what a delta brings beside them", () => {
    const kept = new KeptLogs(60);
    const long = filled(3 * MIB, 1);
    kept.keep(node("a"), having({ imaList: long }));
    const more = { ...deltaOf(long), after: filled(6 * MIB, 1) };
    expect(() => kept.whole("a", more)).toThrow(expect.objectContaining({ code: "too-large" }));
  });
});
