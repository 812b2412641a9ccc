/** When a tenant pays for the memory that evidence takes: once it is its turn, and not while it waits. */
import { createHash } from "node:crypto";
import type { Evidence, EvidenceDelta } from "@isoline/attest/evidence";
import { expect, it } from "vitest";
import { Attestation, type AttestationParts } from "./attestation.ts";
import { KeptLogs } from "./kept-logs.ts";
import type { OwnedNode } from "./owned-node.ts";

it("a delta is charged as the whole that it stands for, once it is its turn", async () => {
  const node = {
    ...{ id: "a", name: "node-1", tenant: "acme", state: "affirming" },
    ...{ alone: (work: () => unknown) => work(), givingWay: (wait: Promise<void>) => wait },
  } as OwnedNode;
  const logs = new KeptLogs(60);
  const ledger = new Uint8Array(300).fill(2);
  logs.keep(node, { ledger } as unknown as Evidence);
  const log = createHash("sha256").update(ledger).digest();
  const delta: EvidenceDelta = {
    ...{ type: "isoline evidence delta 1", whole: new Uint8Array(32) },
    ...{ logs: [{ before: new Uint8Array(), log }], after: Uint8Array.of(1) },
  };
  let begin = () => {};
  const turn = () => new Promise<void>((resolve) => (begin = resolve));
  const parts = {
    ...{ logs, turns: { turn }, ownership: { present: () => node } },
    ...{ challenges: { assertOurs: () => {} }, timing: { due: 60, stale: 180 } },
  } as unknown as AttestationParts;
  const charged: number[] = [];
  const tooMany = new Error("too many bytes");
  const answer = new Attestation(parts).attest(node, new Uint8Array(32), delta, (bytes) => {
    charged.push(bytes);
    return Promise.reject(tooMany);
  });
  expect(charged).toEqual([]);
  begin();
  await expect(answer).rejects.toBe(tooMany);
  expect(charged).toEqual([301]);
});
