/** Rows of the matrix: the ledger and the registers. */
import { extendPcr, extendRegister } from "../../packages/attest/src/birth/index.ts";
import {
  encodeRecord,
  extensionOf,
  isAboutBirths,
  type LedgerRecord,
} from "../../packages/attest/src/register/index.ts";
import { decodeRecord } from "../../packages/attest/src/register/record.ts";
import { type Row, changed, digest, fresh, withLedger } from "./bench.ts";
import { bootLogWith } from "./boot.ts";
import { policy } from "./verifier.ts";

export const recordRows: readonly Row[] = [
  {
    group: "Records",
    forgery: "a ledger that was cut after the last birth",
    caught: "register: broken-evidence",
    send: async (bench) => ({ evidence: await withLedger(bench, bench.node.ledger.slice(0, 3)) }),
  },
  {
    group: "Records",
    forgery: "a ledger that was cut before a birth",
    caught: "ledger: broken-evidence",
    send: async (bench) => ({ evidence: await withLedger(bench, bench.node.ledger.slice(0, 2)) }),
  },
  {
    group: "Records",
    forgery: "a ledger with two records in another order",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      const [begin, first, second, ...rest] = bench.node.ledger as [
        Uint8Array,
        Uint8Array,
        Uint8Array,
        ...Uint8Array[],
      ];
      const records = [begin, changed(second, 2, { sequence: 1 }), changed(first, 1, { sequence: 2 }), ...rest];
      return { evidence: await withLedger(bench, records) };
    },
  },
  {
    group: "Records",
    forgery: "a ledger with one record altered",
    caught: "register: broken-evidence",
    send: async (bench) => {
      const records = bench.node.ledger.map((record, at) => (at === 3 ? changed(record, 3, { points: 6 }) : record));
      return { evidence: await withLedger(bench, records) };
    },
  },
  {
    group: "Records",
    forgery: "a ledger from which a departure was dropped, and its numbers closed up",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      await bench.node.record(bench.web, { kind: "checkpoint", measurement: digest(6), points: 7, events: 95 });
      const [last, , ...before] = [...bench.node.ledger].reverse() as [Uint8Array, Uint8Array, ...Uint8Array[]];
      const sequence = bench.node.ledger.length - 1;
      const records = [...before.reverse(), changed(last, sequence, { sequence: sequence - 1 })];
      return { evidence: await withLedger(bench, records) };
    },
  },
  {
    group: "Records",
    forgery: "a ledger that lacks the last record, a departure, which the TPM has",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      return { evidence: await withLedger(bench, bench.node.ledger.slice(0, -1)) };
    },
  },
  ...(["departure", "checkpoint"] as const).map(
    (kind): Row => ({
      group: "Records",
      forgery: `an honest ledger after evidence that was accepted, to which a stranger had added a ${kind} on its way`,
      caught: "no alarm",
      send: async (bench) => {
        const record = {
          departure: { kind: "departure", process: 1, pid: 7, point: digest(1) },
          checkpoint: { kind: "checkpoint", measurement: digest(9), points: 700, events: 9000 },
        }[kind];
        const { birth, newborn } = bench.web;
        const about = { sequence: bench.node.ledger.length, at: Date.now(), register: newborn.name, birth };
        const added = encodeRecord({ ...record, ...about } as LedgerRecord);
        const last = await bench.accepted(await withLedger(bench, [...bench.node.ledger, added]));
        bench.challenge = fresh();
        return { evidence: await bench.honest(), question: { last } };
      },
    }),
  ),
  {
    group: "Records",
    forgery: "a value that root extended into a canister's register, past the ledger",
    caught: "register: broken-evidence",
    send: async (bench) => {
      await bench.node.using((tpm) => extendRegister(tpm, bench.web.newborn, fresh()));
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Records",
    forgery: "a value that root extended into the births' register, past the ledger",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      await bench.node.using((tpm) => extendPcr(tpm, 13, fresh()));
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Records",
    forgery: "no ledger",
    caught: "ledger: incomplete",
    send: async (bench) => {
      const { ledger: _, ...evidence } = await bench.honest();
      return { evidence };
    },
  },
  {
    group: "Records",
    forgery: "no ledger where one was accepted in this boot, under a policy that demands none",
    caught: "ledger: incomplete",
    send: async (bench) => {
      const last = await bench.accepted();
      const { ledger: _, ...evidence } = await bench.honest();
      return { evidence, question: { last, policy: policy({ ledger: "if-there" }) } };
    },
  },
  {
    group: "Records",
    forgery: "a ledger of an earlier boot",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      const ledger = bench.node.ledgerFile();
      await bench.reboot();
      return { evidence: await bench.honest({ proofs: { ledger } }) };
    },
  },
  {
    group: "Records",
    forgery: "a second ledger, begun in the same boot after the first was thrown away",
    caught: "ledger: equivocation",
    send: async (bench) => {
      bench.node.ledger.length = 0;
      await bench.node.begin();
      await bench.bear();
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Records",
    forgery: "the same, with events in the firmware's log that lead to where the first one left the register",
    caught: "ledger: equivocation",
    send: async (bench) => {
      const first = bench.node.ledger.splice(0);
      const extensions = first.filter((encoded, at) => isAboutBirths(decodeRecord(encoded, at)));
      const events = extensions.map((encoded) => ({ register: 13, digest: extensionOf(encoded) }));
      bench.node.bootLog = bootLogWith(bench.node.bootLog, events);
      await bench.node.begin();
      await bench.bear();
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Records",
    forgery: "the same, begun in another register, which nothing was extended into",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      bench.node.ledger.length = 0;
      await bench.node.begin(14);
      await bench.bear();
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "No alarm",
    forgery: "births in another register, which the policy names",
    caught: "no alarm",
    send: async (bench) => {
      bench.node.ledger.length = 0;
      await bench.node.begin(14);
      await bench.bear();
      return { evidence: await bench.honest(), question: { policy: policy({ births: 14 }) } };
    },
  },
  {
    group: "Records",
    forgery: "a ledger that tells the accepted past otherwise",
    caught: "ledger: equivocation",
    send: async (bench) => {
      const last = await bench.accepted();
      return {
        evidence: await bench.honest(),
        question: { last: { ...last, ledger: { ...last.ledger!, digest: "0".repeat(64) } } },
      };
    },
  },
  {
    group: "Records",
    forgery: "a register that was deleted",
    caught: "register: incomplete",
    send: async (bench) => {
      await bench.node.undefine(bench.web);
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Records",
    forgery: "a register that was deleted and made anew, with the birth in the ledger changed to the new one",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      await bench.node.undefine(bench.web);
      const records = bench.node.ledger.length;
      const again = await bench.node.bear("web");
      const made = decodeRecord(bench.node.ledger[records]!, records);
      const ledger = bench.node.ledger
        .slice(0, records)
        .map((record, at) =>
          at === 1
            ? changed(made === undefined ? record : bench.node.ledger[records]!, records, { sequence: 1 })
            : record,
        );
      bench.web = { ...again, birth: 1 };
      return {
        evidence: await withLedger(
          bench,
          ledger.filter((_, at) => at !== 3),
        ),
      };
    },
  },
  {
    group: "Records",
    forgery: "the register of another canister, certified in place of its own",
    caught: "register: broken-evidence",
    send: async (bench) => {
      const evidence = await bench.honest();
      const own = evidence.registers.find(({ name }) => Buffer.from(name).equals(bench.web.newborn.name))!;
      const other = evidence.registers.find((one) => one !== own)!;
      return { evidence: { ...evidence, registers: [{ ...other, name: own.name, public: own.public }, other] } };
    },
  },
  {
    group: "Records",
    forgery: "a register's certificate from an earlier challenge",
    caught: "register: broken-evidence",
    send: async (bench) => {
      const { registers } = await bench.honest({}, fresh());
      return { evidence: { ...(await bench.honest()), registers } };
    },
  },
  {
    group: "Records",
    forgery: "a canister that was never born in the ledger",
    caught: "register: broken-evidence",
    send: async (bench) => ({ evidence: await bench.withMore("cron", { newborn: bench.web.newborn, birth: 2 }) }),
  },
  {
    group: "Records",
    forgery: "a canister without a register, though its rule demands one",
    caught: "register: incomplete",
    send: async (bench) => ({ evidence: await bench.withMore("cron", undefined) }),
  },
  {
    group: "Records",
    forgery: "a canister that conceals its register",
    caught: "tree: incomplete",
    send: async (bench) => {
      const [web, db] = bench.told();
      const { register: _, ...without } = web!;
      return { evidence: await bench.node.evidence(bench.challenge, [without, db!]), question: { about: ["web"] } };
    },
  },
];
