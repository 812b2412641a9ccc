/** One namespace at the thread that records it, over registers that take a record or do not. */
import { once } from "node:events";
import { MessageChannel } from "node:worker_threads";
import { AttestError } from "@isoline/attest/error";
import { encodeRecord, type LedgerRecord } from "@isoline/attest/register";
import { describe, expect, it } from "vitest";
import type { HostRegisters, Registered, Told } from "./host-registers.ts";
import { RecordedNamespace, type RecorderOrder } from "./recorded-namespace.ts";
import { DONE, WORDS } from "./recorder-words.ts";

const PLAN = { address: "unix:/tpm", ledger: "/ledger", pcr: 13 };
const END: Told = {
  ...{ kind: "end", measurement: new Uint8Array(32), state: new Uint8Array(32) },
  ...{ events: 0, off: 0, refused: 0, lost: 0 },
};
/** What registers add to a record. */
const KNOWN = { sequence: 1, at: 1, birth: 1, register: new Uint8Array(34) };
const loss = (count: number): Told => ({ kind: "loss", reason: "a record was lost", count });

function queued() {
  const { port1, port2 } = new MessageChannel();
  const recorded: Told[] = [];
  const tpm: { fault: AttestError | undefined } = { fault: undefined };
  const none = { departures: 0, losses: 0 };
  const registers = {
    begin: async () => KNOWN as unknown as Registered,
    record: async (_: Registered, told: Told) => {
      if (tpm.fault !== undefined) throw tpm.fault;
      encodeRecord({ ...told, ...KNOWN, ...(told.kind === "end" && { value: new Uint8Array(32) }) } as LedgerRecord);
      recorded.push(told);
    },
    has: () => ({ ofName: none, inAll: none }),
  } as unknown as HostRegisters;
  let orders = 0;
  const namespace = new RecordedNamespace(PLAN, port2, () => {
    orders += 1;
  });
  const words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  const tell = async (...told: readonly RecorderOrder[]) => {
    const until = orders + told.length;
    for (const order of told) port1.postMessage(order);
    while (orders < until) await new Promise(setImmediate);
  };
  const proceed = () => namespace.proceed(async () => registers);
  const begin: RecorderOrder = { begin: { label: "web" } as never, life: "a life", words };
  return { namespace, tpm, recorded, words, begin, tell, proceed, port: port1 };
}

async function begun() {
  const made = queued();
  await made.tell(made.begin);
  const born = once(made.port, "message");
  await made.proceed();
  await born;
  return made;
}

describe("a namespace that is recorded", () => {
  it("is over when it is closed and everything it told is recorded", async () => {
    const { namespace, tell, proceed, recorded, words } = await begun();
    await tell({ item: END, number: 1 }, { close: true });
    expect([namespace.isOver, namespace.wait]).toEqual([false, 0]);
    await proceed();
    expect([namespace.isOver, recorded, words[DONE]]).toEqual([true, [END], 1]);
  });

  it("is closed with the thread that supervised it", async () => {
    const { namespace, port, tell } = await begun();
    expect(namespace.isOver).toBe(false);
    const closed = tell();
    port.close();
    await closed;
    await expect.poll(() => namespace.isOver).toBe(true);
  });

  it("is not born once its supervisor is gone", async () => {
    const { namespace, begin, tell, port } = queued();
    await tell(begin);
    expect(namespace.wait).toBe(0);
    port.close();
    await expect.poll(() => [namespace.isOver, namespace.wait]).toEqual([true, undefined]);
  });

  it("waits for a TPM that does not answer, also when it has ended, and not for one that its ledger does not fit", async () => {
    const { namespace, tpm, tell, proceed } = await begun();
    await tell({ item: END, number: 1 }, { close: true });
    tpm.fault = new AttestError("tpm-unreachable", "no answer");
    await proceed();
    expect([namespace.isOver, namespace.wait]).toEqual([false, expect.any(Number)]);
    tpm.fault = new AttestError("bad-ledger", "it does not fit");
    await proceed();
    expect(namespace.isOver).toBe(true);
  });

  it("that lives is tried again, whatever the fault, with its losses told as one", async () => {
    const { namespace, tpm, tell, proceed, recorded, words } = await begun();
    tpm.fault = new AttestError("bad-ledger", "it does not fit");
    await tell({ item: loss(1), number: 1 }, { item: loss(2), number: 2 }, { item: loss(4), number: 3 });
    await proceed();
    expect([namespace.isOver, words[DONE]]).toEqual([false, 0]);
    tpm.fault = undefined;
    await proceed();
    await proceed();
    expect([recorded, words[DONE], namespace.wait]).toEqual([[loss(1), loss(6)], 3, undefined]);
  });

  it.each([
    ["a loss of many, of as many", { kind: "loss", reason: "x".repeat(300), count: 3 }, 3],
    ["a departure, of one", { kind: "departure", process: 1, pid: -2, point: new Uint8Array(32) }, 1],
    ["a loss of more than can be counted, of the most", { kind: "loss", reason: "x", count: 2 ** 60 }, 2 ** 53 - 1],
    ["a loss of no number, of one", { kind: "loss", reason: "x", count: Number.NaN }, 1],
  ] as const)(
    "tells what has no form in a ledger as a loss, and what comes after it as ever: %s",
    async (_, told, count) => {
      const { namespace, tell, proceed, recorded, words } = await begun();
      await tell({ item: told, number: 1 }, { item: END, number: 2 }, { close: true });
      for (let turns = 0; turns < 3; turns++) await proceed();
      const instead = { kind: "loss", reason: "something happened that has no form in the ledger", count };
      expect([recorded, words[DONE], namespace.isOver]).toEqual([[instead, END], 2, true]);
    },
  );
});
