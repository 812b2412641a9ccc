/** When a tenant pays for the memory that evidence takes: once it is its turn, and not while it waits. */
import { createHash } from "node:crypto";
import { type Evidence, type EvidenceDelta, readDelta, writeDelta } from "@isoline/attest/evidence";
import { expect, it, vi } from "vitest";
import { Attestation, type AttestationParts, type Sent } from "./attestation.ts";
import { KeptLogs } from "./kept-logs.ts";
import type { OwnedNode } from "./owned-node.ts";
import { Pace } from "./pace.ts";

const turnsOf = (turn: () => Promise<void>) => ({ turn });
const nodeOf = () =>
  ({
    ...{ id: "a", name: "node-1", tenant: "acme", state: "affirming" },
    ...{ alone: (work: () => unknown) => work(), givingWay: (wait: Promise<void>) => wait },
  }) as OwnedNode;

it("what came is read once it is the node's turn and the challenge is ours, and not before", async () => {
  const node = nodeOf();
  let begin = () => {};
  const turn = () => new Promise<void>((resolve) => (begin = resolve));
  const refused = new Error("not ours");
  const assertOurs = vi.fn<() => void>(() => {});
  const parts = {
    ...{ turns: turnsOf(turn), ownership: { present: () => node } },
    ...{ challenges: { assertOurs }, pace: new Pace({ due: 60, dueAtMost: 60, stale: 180 }) },
  } as unknown as AttestationParts;
  const attestation = new Attestation(parts);
  const junk = new Error("cannot be read");
  const read = vi.fn<Sent["read"]>(() => {
    throw junk;
  });
  const attest = () => attestation.attest(node, new Uint8Array(32), { bytes: Uint8Array.of(0), read });

  assertOurs.mockImplementationOnce(() => {
    throw refused;
  });
  const first = attest();
  begin();
  await expect(first).rejects.toBe(refused);
  const second = attest();
  expect(read).not.toHaveBeenCalled();
  begin();
  await expect(second).rejects.toBe(junk);
  expect(read).toHaveBeenCalledTimes(1);
});

it("a delta is charged as the whole that it stands for, once it is its turn", async () => {
  const node = nodeOf();
  const logs = new KeptLogs(60);
  const ledger = new Uint8Array(300).fill(2);
  logs.keep(node, { ledger } as unknown as Evidence);
  const log = createHash("sha256").update(ledger).digest();
  const delta: EvidenceDelta = {
    ...{ type: "isoline evidence delta 1", whole: new Uint8Array(32) },
    ...{ logs: [{ before: new Uint8Array(), log }], after: Uint8Array.of(1) },
  };
  const sent = { bytes: writeDelta(delta), read: readDelta };
  let begin = () => {};
  const turn = () => new Promise<void>((resolve) => (begin = resolve));
  const parts = {
    ...{ logs, turns: turnsOf(turn), ownership: { present: () => node } },
    ...{ challenges: { assertOurs: () => {} }, pace: new Pace({ due: 60, dueAtMost: 60, stale: 180 }) },
  } as unknown as AttestationParts;
  const charged: number[] = [];
  const tooMany = new Error("too many bytes");
  const answer = new Attestation(parts).attest(node, new Uint8Array(32), sent, (bytes) => {
    charged.push(bytes);
    return Promise.reject(tooMany);
  });
  expect(charged).toEqual([]);
  begin();
  await expect(answer).rejects.toBe(tooMany);
  expect(charged).toEqual([301]);
});
