/**
 * Rows of the matrix: the report of a confidential machine, beside the quote of its TPM. The chip and its maker exist only in tests. More
 * alterations of reports, and machines without a TPM, are in test/attest/tee.
 */
import { type Evidence, qualifyingData } from "../../packages/attest/src/evidence/index.ts";
import { infoOfKey, reportData } from "../../packages/attest/src/tee/index.ts";
import * as amd from "../attest/tee/amd-vendor.ts";
import { type Bench, bytes, digest, fresh, type Row, type Sent } from "./bench.ts";
import { Node } from "./node.ts";
import { policy, questionFor } from "./verifier.ts";

const tee = {
  snp: { measurements: { measurement: [amd.MEASUREMENT] }, minimumTcb: { bootLoader: 4, snp: 22, microcode: 213 } },
};
const machines = { nodes: [], roots: [amd.ark.der], between: [amd.ask.der], revocations: [], collateral: [] };

/** What a report is made about, where it is not the evidence that it is sent in. */
interface About {
  readonly evidence?: Evidence;
  readonly node?: Node;
  readonly report?: amd.ReportForm;
}

/** Evidence with a report that the chip signed, and a verifier that demands both roots. */
async function reported(bench: Bench, evidence: Evidence, about: About = {}): Promise<Sent & { evidence: Evidence }> {
  const { evidence: told = evidence, node = bench.node, report: form } = about;
  const statement = {
    challenge: qualifyingData(told.challenge, told.node, told.tree.root),
    key: infoOfKey(node.key),
    aggregate: node.aggregate,
    contour: told.tree.root,
  };
  const report = bytes(amd.snpReport({ report_data: await reportData(statement), ...form }));
  const certificates = amd.certificateTable([amd.VCEK, amd.chipCertificate().der]);
  const key = infoOfKey(bench.node.key);
  const { trust } = questionFor(bench.node, bench.challenge);
  return {
    evidence: { ...evidence, reports: [{ provider: "sev_guest", report, certificates, key }] },
    question: { policy: policy({ root: "tpm+tee", tee }), trust: { ...trust, machines } },
  };
}

const saying = (report: amd.ReportForm) => async (bench: Bench) => reported(bench, await bench.honest(), { report });

export const machineRows: readonly Row[] = [
  {
    group: "Confidential machine",
    forgery: "no report, where one is demanded",
    caught: "machine: untrusted-platform",
    send: async (bench) => {
      const { evidence, question } = await reported(bench, await bench.honest());
      return { evidence: { ...evidence, reports: [] }, question: question! };
    },
  },
  {
    group: "Confidential machine",
    forgery: "the report of an earlier challenge",
    caught: "machine: broken-evidence",
    send: async (bench) => {
      const evidence = await bench.honest({}, fresh());
      return reported(bench, await bench.honest(), { evidence });
    },
  },
  {
    group: "Confidential machine",
    forgery: "a report about other canisters",
    caught: "machine: broken-evidence",
    send: async (bench) => {
      const evidence = await bench.saying({ points: 6 });
      return reported(bench, await bench.honest(), { evidence });
    },
  },
  {
    group: "Confidential machine",
    forgery: "the report of a good machine about the key of another TPM, which a host relays",
    caught: "machine: broken-evidence",
    send: async (bench) => {
      const node = await new Node().boot([[0, "another machine"]]);
      await node.close();
      return reported(bench, await bench.honest(), { node });
    },
  },
  {
    group: "Confidential machine",
    forgery: "a report that was altered after it was signed",
    caught: "machine: broken-evidence",
    send: async (bench) => {
      const { evidence, question } = await reported(bench, await bench.honest());
      const [one] = evidence.reports;
      const report = bytes(one!.report);
      report[0x90]! ^= 1;
      return { evidence: { ...evidence, reports: [{ ...one!, report }] }, question: question! };
    },
  },
  {
    group: "Confidential machine",
    forgery: "a machine that its host may debug",
    caught: "machine: untrusted-platform",
    send: saying({ policy: 0xa0000n }),
  },
  {
    group: "Confidential machine",
    forgery: "a machine into which something else was launched",
    caught: "machine: untrusted-platform",
    send: saying({ measurement: Buffer.alloc(48, 1) }),
  },
  {
    group: "Confidential machine",
    forgery: "a machine whose firmware is older than the policy accepts",
    caught: "machine: untrusted-platform",
    send: saying({ launch_tcb: Buffer.alloc(8) }),
  },
  {
    group: "Confidential machine",
    forgery: "a chip whose maker only has the name of the trusted one",
    caught: "machine: untrusted-platform",
    send: async (bench) => {
      const { evidence, question } = await reported(bench, await bench.honest());
      const trust = { ...question!.trust!, machines: { ...machines, roots: [amd.strangerArk.der] } };
      return { evidence, question: { ...question, trust } };
    },
  },
  {
    group: "Confidential machine",
    forgery: "a good report beside a canister that hides a recorded departure",
    caught: "record: equivocation",
    send: async (bench) => {
      await bench.node.record(bench.web, { kind: "departure", process: 1, pid: 7, point: digest(1) });
      return reported(bench, await bench.honest());
    },
  },
  {
    group: "No alarm",
    forgery: "a quote and a report about the same statement",
    caught: "no alarm",
    send: async (bench) => reported(bench, await bench.honest()),
  },
];
