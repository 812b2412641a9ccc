/** Rows of the matrix: labels in the ledger, and contours that were amended while a canister ran. */
import { forTenant } from "../../packages/attest/src/evidence/index.ts";
import { type Bench, digest, type Row, type Sent } from "./bench.ts";
import { narrowReference, narrowState, published } from "./published.ts";
import { policy, references } from "./verifier.ts";

/** Evidence of a canister that was born under the narrow contour, with what happened since. */
async function amended(bench: Bench, to: Uint8Array | undefined, told: object = {}): Promise<Sent> {
  await bench.end(bench.web);
  bench.web = await bench.node.bear("web", { state: narrowState });
  if (to !== undefined) await bench.node.record(bench.web, { kind: "amendment", state: to, points: 7 });
  const question = { references: [references(bench.node, [narrowReference])] };
  return { evidence: await bench.saying(told), question };
}

export const nameRows: readonly Row[] = [
  {
    group: "Labels in the ledger",
    forgery: "the birth of another label, told as that of this one",
    caught: "record: equivocation",
    send: async (bench) => {
      await bench.end(bench.web);
      bench.web = await bench.node.bear("wed");
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Labels in the ledger",
    forgery: "a birth whose name in the ledger is of no label",
    caught: "record: equivocation",
    send: async (bench) => {
      await bench.end(bench.web);
      bench.web = await bench.node.bear("web", { name: digest(9) });
      return { evidence: await bench.honest() };
    },
  },
  {
    group: "Labels in the ledger",
    forgery: "the proof of another label",
    caught: "tree: broken-evidence",
    send: async (bench) => {
      const evidence = await bench.honest();
      const name = bench.node.naming.proofOf("wed");
      return { evidence: { ...evidence, canisters: evidence.canisters.map((one) => ({ ...one, name })) } };
    },
  },
  {
    group: "Labels in the ledger",
    forgery: "no proof of a label to its tenant, who could not find an earlier run by itself",
    caught: "tree: incomplete",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      bench.web = await bench.node.bear("web");
      const own = forTenant(await bench.honest(), "web");
      const canisters = own.canisters.map(({ index, path, body }) => ({ index, path, body }));
      return { evidence: { ...own, canisters }, question: { about: ["web"] } };
    },
  },
  {
    group: "Amended contours",
    forgery: "a contour that was amended, with no word of it in the ledger",
    caught: "record: unknown-contour",
    send: (bench) => amended(bench, undefined),
  },
  {
    group: "Amended contours",
    forgery: "a contour that was amended once more than is told",
    caught: "record: unknown-contour",
    send: (bench) => amended(bench, digest(9)),
  },
  {
    group: "Amended contours",
    forgery: "a contour that was amended to one that is not published",
    caught: "contour: unknown-contour",
    send: (bench) => amended(bench, digest(9), { contour: undefined, state: digest(9) }),
  },
  {
    group: "Amended contours",
    forgery: "a contour that was amended to a published one, from one that is not published",
    caught: "record: unknown-contour",
    send: async (bench) => {
      const { evidence } = await amended(bench, published.state);
      return { evidence };
    },
  },
  {
    group: "Amended contours",
    forgery: "a contour that was amended in memory, where a signed one is demanded",
    caught: "contour: unknown-contour",
    send: async (bench) => {
      const { evidence, question } = await amended(bench, published.state, { contour: undefined });
      const canisters = [{ label: "*", signedContour: true }];
      return { evidence, question: { ...question, policy: policy({ canisters }) } };
    },
  },
  {
    group: "Amended contours",
    forgery: "a contour that is told of by its state alone, without an amendment",
    caught: "contour: unknown-contour",
    send: async (bench) => ({ evidence: await bench.saying({ contour: undefined }) }),
  },
  {
    group: "No alarm",
    forgery: "a contour that was amended while it ran, both contours published",
    caught: "no alarm",
    send: (bench) => amended(bench, published.state),
  },
  {
    group: "No alarm",
    forgery: "the same, amended by answers of a person: in no file, and of a published state",
    caught: "no alarm",
    send: (bench) => amended(bench, published.state, { contour: undefined }),
  },
];
