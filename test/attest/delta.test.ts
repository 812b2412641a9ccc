/** A delta of evidence as bytes: what it leads to, and one clear refusal of all other bytes. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { write } from "../../packages/attest/src/cbor/index.ts";
import {
  type EvidenceDelta,
  evidenceOf,
  piecesOf,
  readDelta,
  readEvidence,
  stateOf,
  writeDelta,
  writeEvidence,
} from "../../packages/attest/src/evidence/index.ts";
import { SentLogs } from "../../packages/isoline/src/fleet/sent-logs.ts";
import { canisterSample, digest, nodeSample } from "./samples.ts";

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest();
const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
const filled = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, at) => (at * 31 + seed * 7 + (at >> 8)) & 0xff);
const encode = (value: unknown) =>
  write({ words: "anything", check: (given) => given, read: () => undefined }, value, "");

type Logs = Partial<Record<"bootLog" | "imaList" | "ledger", Uint8Array>>;
const evidence = (challenge: number, logs: Logs) =>
  evidenceOf(stateOf(digest(challenge), nodeSample(), [canisterSample("web")]), {
    registers: [],
    reports: [],
    ...logs,
  });

/** A verifier that keeps these logs. */
const having = (logs: Logs) => (named: Uint8Array) =>
  Object.values(logs).find((log) => hex(sha256(log)) === hex(named));
const keptOf = (logs: Logs) => Object.values(logs).map((log) => hex(sha256(log)));

/** What the node sends for the second of two states of its logs, and what a verifier with the first makes of it. */
function sentAfter(before: Logs, after: Logs) {
  const sent = new SentLogs();
  sent.answered(evidence(1, before), keptOf(before));
  const now = evidence(2, after);
  const whole = writeEvidence(now);
  const delta = sent.deltaOf(now, whole);
  const pieces = delta && piecesOf(readDelta(delta), having(before));
  return { whole, delta, made: pieces && Buffer.concat(pieces) };
}

describe("a delta of evidence", () => {
  const logs = { bootLog: filled(5000, 1), imaList: filled(9000, 2), ledger: filled(700, 3) };

  it("leads to the whole evidence where the logs are as they were, and leaves them out", () => {
    const { whole, delta, made } = sentAfter(logs, logs);
    expect(made?.equals(whole)).toBe(true);
    expect(whole.length - (delta?.length ?? 0)).toBeGreaterThan(14_000);
  });

  it("has what was added to a log, and nothing of what was there", () => {
    const added = Uint8Array.of(...logs.ledger, ...filled(50, 9));
    const { whole, delta, made } = sentAfter(logs, { ...logs, ledger: added });
    expect(made?.equals(whole)).toBe(true);
    expect(Buffer.from(delta ?? []).includes(Buffer.from(filled(50, 9)))).toBe(true);
    expect(Buffer.from(delta ?? []).includes(Buffer.from(logs.ledger.subarray(0, 100)))).toBe(false);
  });

  it("has a log whole that was cut, changed or exchanged for another", () => {
    const changed = Uint8Array.from(logs.ledger);
    changed[10] = 255 - (changed[10] as number);
    for (const ledger of [logs.ledger.subarray(0, 600), changed, logs.bootLog]) {
      const { whole, delta, made } = sentAfter(logs, { ...logs, ledger: Uint8Array.from(ledger) });
      expect(made?.equals(whole)).toBe(true);
      expect(delta?.length).toBeLessThan(whole.length);
    }
  });

  it.each([
    ["empty lists", 0x80],
    ["empty maps", 0xa0],
    ["numbers", 0x00],
  ])("is not read further than it can go where megabytes of %s came, and neither is evidence", (_, item) => {
    const items = 8 * 2 ** 20 - 5;
    const junk = new Uint8Array(items + 5).fill(item);
    junk[0] = 0x9a;
    new DataView(junk.buffer).setUint32(1, items);
    for (const read of [readDelta, readEvidence]) expect(() => read(junk)).toThrow(/expected a map, got a list/);
  });

  it("leads to the whole evidence whatever becomes of the logs", () => {
    const log = fc.option(
      fc.record({ length: fc.nat(300), seed: fc.nat(3) }).map((one) => filled(one.length, one.seed)),
      { nil: undefined },
    );
    const some = fc
      .record({ bootLog: log, imaList: log, ledger: log })
      .map((all): Logs => Object.fromEntries(Object.entries(all).filter(([, one]) => one !== undefined)));
    let deltas = 0;
    fc.assert(
      fc.property(some, some, (before, after) => {
        const { whole, delta, made } = sentAfter(before, after);
        deltas += delta === undefined ? 0 : 1;
        expect([delta === undefined, made === undefined || made.equals(whole)]).toEqual([made === undefined, true]);
      }),
      { numRuns: 300 },
    );
    expect(deltas).toBeGreaterThan(30);
  });

  it("is not made where the verifier keeps nothing, says that it has other logs, or was forgotten", () => {
    const sent = new SentLogs();
    const whole = writeEvidence(evidence(2, logs));
    const made = () => sent.deltaOf(evidence(2, logs), whole);
    expect(made()).toBeUndefined();
    sent.answered(evidence(1, logs), undefined);
    expect(made()).toBeUndefined();
    sent.answered(evidence(1, logs), [hex(digest(7))]);
    expect(made()).toBeUndefined();
    sent.answered(evidence(1, logs), keptOf(logs));
    expect(made()).toBeDefined();
    sent.forget();
    expect(made()).toBeUndefined();
  });

  it("leads to nothing where one of its logs is not known", () => {
    const delta: EvidenceDelta = {
      type: "isoline evidence delta 1",
      whole: digest(1),
      logs: [{ before: digest(2), log: digest(3) }],
      after: digest(4),
    };
    expect(piecesOf(delta, () => undefined)).toBeUndefined();
    expect(piecesOf(delta, () => digest(5))).toEqual([digest(2), digest(5), digest(4)]);
  });
});

describe("bytes that are no delta", () => {
  const good = writeDelta({
    type: "isoline evidence delta 1",
    whole: digest(1),
    logs: [{ before: filled(40, 1), log: digest(3) }],
    after: filled(30, 2),
  });
  const refusal = { code: "bad-evidence-format" };

  it("are refused, whichever bytes they are", () => {
    const refused = (bytes: Uint8Array) => {
      try {
        // What can be read is the one encoding of what was read.
        return hex(writeDelta(readDelta(bytes))) === hex(bytes);
      } catch (fault) {
        return (fault as { code?: string }).code === refusal.code;
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 300 }), refused), { numRuns: 500 });
    const changed = fc.tuple(fc.nat(good.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = Uint8Array.from(good);
      bytes[at] = byte;
      return bytes;
    });
    fc.assert(fc.property(changed, refused), { numRuns: 500 });
    fc.assert(fc.property(fc.nat(good.length - 1), (length) => refused(good.subarray(0, length))));
  });

  it("are refused with more logs than evidence has, another type, digests of another length, or whole evidence", () => {
    const of = (more: object) => encode({ ...readDelta(good), ...more });
    const log = { before: digest(1), log: digest(2) };
    for (const bytes of [
      of({ logs: [log, log, log, log] }),
      of({ type: "isoline evidence 1" }),
      of({ whole: new Uint8Array(31) }),
      of({ logs: [{ ...log, log: new Uint8Array(33) }] }),
      of({ logs: [{ ...log, length: 3 }] }),
      of({ more: 1 }),
      writeEvidence(evidence(1, {})),
    ])
      expect(() => readDelta(bytes)).toThrow(expect.objectContaining(refusal));
  });
});
