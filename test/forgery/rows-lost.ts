/** Rows of the matrix: runs whose supervisor was lost, as their node closes them in the ledger. */
import type { Accepted } from "../../packages/attest/src/appraise/index.ts";
import { lostSupervisor } from "../../packages/attest/src/register/index.ts";
import { type Bench, digest, fresh, type Row } from "./bench.ts";
import type { Born } from "./node.ts";
import { bound } from "./published.ts";
import { policy } from "./verifier.ts";

const loss = { kind: "loss", reason: lostSupervisor.recorded, count: 1 };
const departure = { kind: "departure", process: 1, pid: 7, point: digest(1) };

/** The supervisor of `web` is gone, and the node closes its run. */
async function lost(bench: Bench, totals: { readonly off?: number; readonly lost?: number } = {}): Promise<Born> {
  await bench.node.record(bench.web, loss);
  await bench.end(bench.web, { lost: 1, ...totals });
  return bench.web;
}

/** Evidence in which nothing of `web` is told. */
const without = (bench: Bench) => bench.node.evidence(bench.challenge, bench.told().slice(1));

/** What a verifier kept of evidence in which `web` had lost more than any record says. */
async function lossyBefore(bench: Bench): Promise<Accepted> {
  const challenge = fresh();
  const counters = { events: 100, departures: 0, refused: 0, lost: 50, untrusted: 0 };
  const told = bench.told({ counters, bound: bound(challenge, bench.node.aggregate) }, challenge);
  return bench.accepted(await bench.node.evidence(challenge, told));
}

export const lostRows: readonly Row[] = [
  {
    group: "Lost supervisors",
    forgery: "a run whose supervisor was said to be gone, told of as one that runs",
    caught: "record: equivocation",
    send: async (bench) => {
      await lost(bench);
      return { evidence: await bench.saying({ incomplete: ["something"] }) };
    },
  },
  {
    group: "Lost supervisors",
    forgery: "the same before its end is written: what it does from then on is in no register",
    caught: "record: equivocation",
    send: async (bench) => {
      await bench.node.record(bench.web, loss);
      return { evidence: await bench.saying({ incomplete: ["something"] }) };
    },
  },
  {
    group: "Lost supervisors",
    forgery: "the same, told of as a canister that ended",
    caught: "record: equivocation",
    send: async (bench) => {
      await lost(bench);
      const counters = { events: 100, departures: 0, refused: 0, lost: 1, untrusted: 0 };
      return { evidence: await bench.saying({ ended: 1_789_999_900_000, counters }) };
    },
  },
  {
    group: "Lost supervisors",
    forgery: "a run of which it is said that its supervisor is gone, and no end",
    caught: "tree: incomplete",
    send: async (bench) => {
      await bench.node.record(bench.web, loss);
      return { evidence: await without(bench) };
    },
  },
  {
    group: "Lost supervisors",
    forgery: "an end that says another value of its register, with the supervisor said to be gone",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      await bench.node.record(bench.web, loss);
      const totals = { events: 100, off: 0, refused: 0, lost: 1 };
      const end = { kind: "end", measurement: digest(6), state: digest(5), value: digest(9), ...totals };
      await bench.node.record(bench.web, end);
      return { evidence: await without(bench) };
    },
  },
  {
    group: "Lost supervisors",
    forgery: "a run that is closed twice",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      await lost(bench);
      await bench.end(bench.web, { lost: 1 });
      return { evidence: await without(bench) };
    },
  },
  {
    group: "Lost supervisors",
    forgery: "a record that a supervisor wrote after it was said to be gone",
    caught: "ledger: broken-evidence",
    send: async (bench) => {
      await bench.node.record(bench.web, loss);
      await bench.node.record(bench.web, { kind: "checkpoint", measurement: digest(6), points: 7, events: 99 });
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Lost supervisors",
    forgery:
      "the same that departed, where losses are only warned of, and a new run; the end says that nothing departed",
    caught: "trust: off-contour",
    send: async (bench) => {
      const last = await bench.accepted();
      await bench.node.record(bench.web, departure);
      await lost(bench);
      bench.web = await bench.node.bear("web");
      const rules = policy({ canisters: [{ label: "*", bound: "required", losses: "warn" }] });
      return { evidence: await bench.honest(), question: { last, policy: rules } };
    },
  },
  {
    group: "Lost supervisors",
    forgery: "a run that lost its supervisor, of which more losses were told before than its end says, and a new run",
    caught: "losses: incomplete",
    send: async (bench) => {
      const last = await lossyBefore(bench);
      await lost(bench);
      bench.web = await bench.node.bear("web");
      return { evidence: await bench.honest(), question: { last } };
    },
  },
  {
    group: "No alarm",
    forgery: "a run that lost its supervisor, once it was judged with the next run of its label",
    caught: "no alarm",
    send: async (bench) => {
      await lost(bench);
      await bench.node.undefine(bench.web);
      bench.web = await bench.node.bear("web");
      return { question: { last: await bench.accepted() }, evidence: await bench.honest() };
    },
  },
];
