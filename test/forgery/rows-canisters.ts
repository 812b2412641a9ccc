/** Rows of the matrix: what is said of canisters. */
import type { Accepted } from "../../packages/attest/src/appraise/index.ts";
import { type Evidence, forTenant, stateOf } from "../../packages/attest/src/evidence/index.ts";
import { encodeRecord } from "../../packages/attest/src/register/index.ts";
import { nodeSample } from "../attest/samples.ts";
import { type Bench, type Row, changedBody, digest, fresh, renamed, withCanister, withLedger } from "./bench.ts";
import { Node } from "./node.ts";
import { bound } from "./published.ts";
import { judge, policy, questionFor } from "./verifier.ts";

const fork = { points: 9, measurement: digest(7) };

/** What a verifier keeps after each of these was said of `web`, one after the other. */
async function acceptedAfter(bench: Bench, ...said: readonly object[]): Promise<Accepted | undefined> {
  let last: Accepted | undefined;
  for (const change of said) {
    const question = { ...questionFor(bench.node, bench.challenge), last };
    last = (await judge(question, await bench.saying(change))).accepted;
  }
  return last;
}

export const canisterRows: readonly Row[] = [
  {
    group: "Canisters",
    forgery: "a body altered after the quote",
    caught: "tree: broken-evidence",
    send: async (bench) => ({ evidence: withCanister(await bench.honest(), 1, changedBody({ points: 8 })) }),
  },
  {
    group: "Canisters",
    forgery: "the same, with the root computed anew",
    caught: "quote: broken-evidence",
    send: async (bench) => {
      const evidence = await bench.honest();
      const told = bench.told({ points: 8 });
      const { tree, canisters } = stateOf(bench.challenge, nodeSample({ node: bench.node.id }), told);
      return { evidence: { ...evidence, tree, canisters } };
    },
  },
  {
    group: "Canisters",
    forgery: "one body twice",
    caught: "tree: broken-evidence",
    send: async (bench) => {
      const evidence = await bench.honest();
      return { evidence: { ...evidence, canisters: [...evidence.canisters, evidence.canisters[1]!] } };
    },
  },
  {
    group: "Canisters",
    forgery: "one body at the place of another",
    caught: "tree: broken-evidence",
    send: async (bench) => {
      const evidence = await bench.honest();
      const [one, other] = evidence.canisters as [Evidence["canisters"][0], Evidence["canisters"][0]];
      return {
        evidence: {
          ...evidence,
          canisters: [
            { ...one, body: other.body },
            { ...other, body: one.body },
          ],
        },
      };
    },
  },
  {
    group: "Canisters",
    forgery: "a canister of another node",
    caught: "tree: broken-evidence",
    send: async (bench) => {
      const other = await new Node().boot();
      const web = await other.bear("web");
      const { canisters } = await other.evidence(bench.challenge, [other.told("web", web)]);
      await other.close();
      return { evidence: withCanister(await bench.honest(), 1, () => canisters[0]!.body) };
    },
  },
  {
    group: "Canisters",
    forgery: "a canister of another node, told by this node as its own",
    caught: "register: broken-evidence",
    send: async (bench) => {
      const other = await new Node().boot();
      const web = await other.bear("web");
      await other.close();
      return {
        evidence: await bench.saying({ register: { name: web.newborn.name, birth: web.birth } }),
        question: { about: ["web"] },
      };
    },
  },
  {
    group: "Canisters",
    forgery: "a canister left out of the evidence",
    caught: "tree: incomplete",
    send: async (bench) => {
      const evidence = await bench.honest();
      return { evidence: { ...evidence, canisters: evidence.canisters.slice(1) } };
    },
  },
  {
    group: "Canisters",
    forgery: "a canister that departed, left out of the statement",
    caught: "tree: incomplete",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      return { evidence: await bench.node.evidence(bench.challenge, bench.told().slice(1)) };
    },
  },
  {
    group: "Canisters",
    forgery: "two canisters under one label",
    caught: "tree: broken-evidence",
    send: async (bench) => {
      const [web, db] = bench.told();
      const evidence = await bench.node.evidence(bench.challenge, [web!, { ...db!, label: "wed" }]);
      return { evidence: await renamed(bench, evidence, "wed", "web") };
    },
  },
  {
    group: "Canisters",
    forgery: "departures that are recorded and not told",
    caught: "record: equivocation",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Canisters",
    forgery: "departures, truthfully told",
    caught: "trust: off-contour",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      const counters = { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 };
      return { evidence: await bench.saying({ counters }) };
    },
  },
  {
    group: "Canisters",
    forgery: "a loss that is recorded and not told",
    caught: "record: equivocation",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "loss", reason: "a record was lost", count: 3 });
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Canisters",
    forgery: "a count of losses that went back since the last accepted evidence",
    caught: "progress: rollback",
    send: async (bench) => {
      const counters = { events: 90, departures: 0, refused: 0, lost: 3, untrusted: 0 };
      const question = questionFor(bench.node, bench.challenge);
      const last = (await judge(question, await bench.saying({ counters }))).accepted;
      return { evidence: await bench.honest(), question: { last } };
    },
  },
  {
    group: "Canisters",
    forgery: "losses, truthfully told",
    caught: "losses: incomplete",
    send: async (bench) => ({ evidence: await bench.saying({ incomplete: ["3 events were lost"] }) }),
  },
  {
    group: "Canisters",
    forgery: "a measurement that goes on from a fork: other points than the last recorded head",
    caught: "record: equivocation",
    send: async (bench) => ({ evidence: await bench.saying({ measurement: digest(8) }) }),
  },
  {
    group: "Canisters",
    forgery: "a measurement that was set back behind the last recorded head",
    caught: "record: rollback",
    send: async (bench) => ({ evidence: await bench.saying({ points: 6 }) }),
  },
  {
    group: "Canisters",
    forgery: "a measurement that goes on from a fork: other points than those accepted last",
    caught: "progress: equivocation",
    send: async (bench) => {
      const question = questionFor(bench.node, bench.challenge);
      const last = (await judge(question, await bench.saying({ points: 9, measurement: digest(8) }))).accepted;
      return { evidence: await bench.saying({ points: 9, measurement: digest(7) }), question: { last } };
    },
  },
  {
    group: "Canisters",
    forgery: "the same fork once more, after it was caught",
    caught: "progress: equivocation",
    send: async (bench) => {
      const last = await acceptedAfter(bench, { points: 9, measurement: digest(8) }, fork);
      return { evidence: await bench.saying(fork), question: { last } };
    },
  },
  {
    group: "Canisters",
    forgery: "the same fork, after evidence with it that another check had caught before",
    caught: "progress: equivocation",
    send: async (bench) => {
      const last = await acceptedAfter(bench, { points: 9, measurement: digest(8) }, { ...fork, mode: "watching" });
      return { evidence: await bench.saying(fork), question: { last } };
    },
  },
  {
    group: "Canisters",
    forgery: "a count that went back, once more after it was caught",
    caught: "progress: rollback",
    send: async (bench) => {
      const counters = { events: 110, departures: 0, refused: 0, lost: 0, untrusted: 0 };
      const last = await acceptedAfter(bench, { counters }, {});
      return { evidence: await bench.honest(), question: { last } };
    },
  },
  {
    group: "Canisters",
    forgery: "a contour that was never published",
    caught: "contour: unknown-contour",
    send: async (bench) => ({ evidence: await bench.saying({ contour: digest(1) }) }),
  },
  {
    group: "Canisters",
    forgery: "a published contour that was widened since",
    caught: "state: unknown-contour",
    send: async (bench) => ({ evidence: await bench.saying({ state: digest(1) }) }),
  },
  {
    group: "Canisters",
    forgery: "the bound state of another challenge",
    caught: "bound: equivocation",
    send: async (bench) => ({ evidence: await bench.saying({ bound: bound(fresh(), bench.node.aggregate) }) }),
  },
  {
    group: "Canisters",
    forgery: "the bound state of another machine",
    caught: "bound: equivocation",
    send: async (bench) => ({ evidence: await bench.saying({ bound: bound(bench.challenge, digest(1)) }) }),
  },
  {
    group: "Canisters",
    forgery: "a canister that watches, though its rule demands that it enforces",
    caught: "rules: unknown-contour",
    send: async (bench) => ({ evidence: await bench.saying({ mode: "watching" }) }),
  },
  {
    group: "Canisters",
    forgery: "a canister that enforces by its word, and was born as one that watches",
    caught: "record: equivocation",
    send: async (bench) => ({
      evidence: await bench.withMore("cron", await bench.node.bear("cron", { mode: "watch" })),
    }),
  },
  {
    group: "Canisters",
    forgery: "a contour without a signature, though its rule demands one",
    caught: "contour: unknown-contour",
    send: async (bench) => {
      const rules = [{ label: "*", bound: "required", signedContour: true }];
      return { evidence: await bench.honest(), question: { policy: policy({ canisters: rules }) } };
    },
  },
  {
    group: "Canisters",
    forgery: "a label that the policy has no rule for",
    caught: "rules: unknown-contour",
    send: async (bench) => {
      const rules = [{ label: "db", bound: "required" }];
      return { evidence: await bench.honest(), question: { policy: policy({ canisters: rules }) } };
    },
  },
  {
    group: "No alarm",
    forgery: "honest evidence",
    caught: "no alarm",
    send: async (bench) => ({ evidence: await bench.honest() }),
  },
  {
    group: "No alarm",
    forgery: "the evidence of one tenant",
    caught: "no alarm",
    send: async (bench) => ({ evidence: forTenant(await bench.honest(), "web"), question: { about: ["web"] } }),
  },
  {
    group: "No alarm",
    forgery: "later evidence of the same boot, with more of everything",
    caught: "no alarm",
    send: async (bench) => {
      const last = await bench.accepted();
      await bench.node.record(bench.web, { kind: "checkpoint", measurement: digest(7), points: 8, events: 120 });
      const counters = { events: 121, departures: 0, refused: 0, lost: 0, untrusted: 0 };
      return { evidence: await bench.saying({ points: 9, measurement: digest(8), counters }), question: { last } };
    },
  },
  {
    group: "No alarm",
    forgery: "a reboot",
    caught: "no alarm",
    send: async (bench) => {
      const last = await bench.accepted();
      await bench.reboot();
      return { evidence: await bench.honest(), question: { last } };
    },
  },
  {
    group: "No alarm",
    forgery: "a suspend",
    caught: "no alarm",
    send: async (bench) => {
      const last = await bench.accepted();
      await bench.node.restart("state");
      return { evidence: await bench.honest(), question: { last } };
    },
  },
  {
    group: "No alarm",
    forgery: "a record on disk that the TPM does not have yet: the supervisor ended in between",
    caught: "no alarm",
    send: async (bench) => {
      const record = {
        kind: "checkpoint",
        register: bench.web.newborn.name,
        birth: bench.web.birth,
        sequence: bench.node.ledger.length,
        at: 1,
        measurement: digest(6),
        points: 7,
        events: 91,
      } as const;
      return { evidence: await withLedger(bench, [...bench.node.ledger, encodeRecord(record)]) };
    },
  },
];
