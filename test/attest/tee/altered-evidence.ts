/** Evidence of a confidential machine that was altered after it was made, a piece at a time. */
import { createHash } from "node:crypto";
import type { Evidence } from "../../../packages/attest/src/evidence/index.ts";
import { snpReportLayout } from "../../../packages/attest/src/tee/snp-report.ts";
import * as intel from "./intel-vendor.ts";

export function digest32(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

export function altered(evidence: Evidence): Evidence {
  const [first, ...others] = evidence.canisters;
  const body = Uint8Array.from(first!.body);
  const image = Buffer.from(body).indexOf("sha256:");
  // Another image, and as well formed as the first one.
  body[image + "sha256:".length] = "4".charCodeAt(0);
  return { ...evidence, canisters: [{ ...first!, body }, ...others] };
}

/** A byte of the chip's signature, which is behind what it signed. */
export function otherSignature(evidence: Evidence): Evidence {
  const { offset } = snpReportLayout.fields.find(({ name }) => name === "signature_r")!;
  const reports = evidence.reports.map((one) => {
    const bytes = Uint8Array.from(one.report);
    bytes[offset]! ^= 1;
    return { ...one, report: bytes };
  });
  return { ...evidence, reports };
}

export function otherRoot(evidence: Evidence): Evidence {
  const [one] = evidence.canisters;
  const root = Uint8Array.from(createHash("sha256").update(one!.body).digest());
  return { ...evidence, tree: { ...evidence.tree, root } };
}

export function agedNode(evidence: Evidence): Evidence {
  const node = Uint8Array.from(evidence.node);
  const at = Buffer.from(node).indexOf("6.12.0");
  node[at] = "7".charCodeAt(0);
  return { ...evidence, node };
}

export function oldPlatform(): Buffer[] {
  return [
    intel.pck({ components: Array<number>(16).fill(4), pceSvn: 11 }),
    intel.platformAuthority.der,
    intel.root.der,
  ];
}
