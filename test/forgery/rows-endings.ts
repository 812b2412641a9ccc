/** Rows of the matrix: canisters that ended, or whose supervisor was killed. */
import type { Accepted } from "../../packages/attest/src/appraise/index.ts";
import { forTenant, readCanisterBody } from "../../packages/attest/src/evidence/index.ts";
import { type Bench, digest, fresh, type Row } from "./bench.ts";
import { bound } from "./published.ts";
import { policy } from "./verifier.ts";

/** A departure of `web` is recorded, and its end; then `web` runs again. */
async function departedAndEnded(bench: Bench, totals: { readonly off: number }): Promise<void> {
  await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
  await bench.end(bench.web, totals);
  bench.web = await bench.node.bear("web");
}

/** What a verifier kept of evidence in which `web` had departed once. */
async function departedOnce(bench: Bench): Promise<Accepted> {
  await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
  const challenge = fresh();
  const counters = { events: 100, departures: 1, refused: 0, lost: 0, untrusted: 1 };
  const told = bench.told({ counters, bound: bound(challenge, bench.node.aggregate) }, challenge);
  return bench.accepted(await bench.node.evidence(challenge, told));
}

/** What a verifier kept of evidence whose `web` its rules refuse: it is told of as one that only watches. */
async function refusedByRules(bench: Bench, change: object, last?: Accepted): Promise<Accepted> {
  const challenge = fresh();
  const told = bench.told({ mode: "watching", bound: bound(challenge, bench.node.aggregate), ...change }, challenge);
  return bench.accepted(await bench.node.evidence(challenge, told), last);
}

export const endingRows: readonly Row[] = [
  {
    group: "Endings",
    forgery: "a departure, hidden by killing the supervisor: no end, and no body",
    caught: "tree: incomplete",
    send: async (bench) => ({ evidence: await bench.node.evidence(bench.challenge, bench.told().slice(1)) }),
  },
  {
    group: "Endings",
    forgery: "a new run of a label, shown to its tenant in place of one that departed and has no end",
    caught: "tree: incomplete",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      bench.web = await bench.node.bear("web");
      return { evidence: forTenant(await bench.honest(), "web"), question: { about: ["web"] } };
    },
  },
  {
    group: "Endings",
    forgery: "a canister that ended, told as one that runs",
    caught: "record: equivocation",
    send: async (bench) => {
      await bench.end(bench.web);
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Endings",
    forgery: "a departure, hidden by killing swtpm and starting it again, with the ledger of before",
    caught: "boot-log: broken-evidence",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      await bench.node.software.stop();
      await bench.node.software.start();
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Endings",
    forgery: "a run that departed and ended between two evidences, and a new run of its label",
    caught: "trust: off-contour",
    send: async (bench) => {
      await departedAndEnded(bench, { off: 1 });
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Endings",
    forgery: "the same, with an end that root wrote, which says that nothing departed",
    caught: "trust: off-contour",
    send: async (bench) => {
      await departedAndEnded(bench, { off: 0 });
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Endings",
    forgery: "the same, shown to its tenant alone",
    caught: "trust: off-contour",
    send: async (bench) => {
      await departedAndEnded(bench, { off: 1 });
      return { evidence: forTenant(await bench.honest(), "web"), question: { about: ["web"] } };
    },
  },
  {
    group: "Endings",
    forgery: "a run that departed once more after its last evidence and ended, and a new run of its label",
    caught: "trust: off-contour",
    send: async (bench) => {
      const last = await departedOnce(bench);
      await departedAndEnded(bench, { off: 2 });
      return { evidence: await bench.honest(), question: { last } };
    },
  },
  {
    group: "Endings",
    forgery: "a run that departed and ended, and a new run of its label, told of first so that its rules refuse it",
    caught: "trust: off-contour",
    send: async (bench) => {
      const last = await bench.accepted();
      await departedAndEnded(bench, { off: 1 });
      return { question: { last: await refusedByRules(bench, {}, last) }, evidence: await bench.honest() };
    },
  },
  {
    group: "Endings",
    forgery: "a run that was told of only so that its rules refuse it, with the departure, and a new run of its label",
    caught: "trust: off-contour",
    send: async (bench) => {
      const counters = { events: 100, departures: 1, refused: 0, lost: 0, untrusted: 1 };
      const last = await refusedByRules(bench, { counters });
      await departedAndEnded(bench, { off: 1 });
      return { question: { last }, evidence: await bench.honest() };
    },
  },
  {
    group: "Endings",
    forgery: "a run that was told of under another label, departed and ended, and a new run of its own label",
    caught: "trust: off-contour",
    send: async (bench) => {
      const last = await bench.accepted();
      await bench.end(bench.web);
      bench.web = await bench.node.bear("web");
      await bench.end(bench.db);
      bench.db = await bench.node.bear("db");
      const challenge = fresh();
      const state = { bound: bound(challenge, bench.node.aggregate) };
      const swapped = [bench.node.told("web", bench.db, state), bench.node.told("db", bench.web, state)];
      const kept = await bench.accepted(await bench.node.evidence(challenge, swapped), last);
      await departedAndEnded(bench, { off: 1 });
      return { question: { last: kept }, evidence: await bench.honest() };
    },
  },
  {
    group: "Endings",
    forgery:
      "a run that departed and ended, and a new one of its label without a register and without a proof of the label",
    caught: "trust: off-contour",
    send: async (bench) => {
      const last = await bench.accepted();
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      await bench.end(bench.web, { off: 1 });
      const evidence = await bench.saying({ register: undefined });
      const canisters = evidence.canisters.map(({ name, ...one }) =>
        readCanisterBody(one.body).label === "web" ? one : { ...one, name },
      );
      const canister = { label: "*", bound: "required", register: "if-there" };
      return { evidence: { ...evidence, canisters }, question: { last, policy: policy({ canisters: [canister] }) } };
    },
  },
  {
    group: "Endings",
    forgery: "a run that lost events and ended between two evidences, and a new run of its label",
    caught: "losses: incomplete",
    send: async (bench) => {
      await bench.end(bench.web, { lost: 3 });
      bench.web = await bench.node.bear("web");
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "No alarm",
    forgery: "a canister that ended, truthfully told, its register gone",
    caught: "no alarm",
    send: async (bench) => {
      await bench.end(bench.web);
      await bench.node.undefine(bench.web);
      return { evidence: await bench.saying({ ended: 1_789_999_900_000 }) };
    },
  },
  {
    group: "No alarm",
    forgery: "a run that departed and ended, once it was judged with the next run of its label",
    caught: "no alarm",
    send: async (bench) => {
      await departedAndEnded(bench, { off: 1 });
      return { question: { last: await bench.accepted() }, evidence: await bench.honest() };
    },
  },
  {
    group: "No alarm",
    forgery: "a run that ended, and whose departure was judged while it ran",
    caught: "no alarm",
    send: async (bench) => {
      const last = await departedOnce(bench);
      await bench.end(bench.web, { off: 1 });
      bench.web = await bench.node.bear("web");
      return { evidence: await bench.honest(), question: { last } };
    },
  },
];
