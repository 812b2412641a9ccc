/** What a verifier brings to an appraisal. All of it is given: the appraisal has no clock and no files. */
import type { TrustedKey } from "@isoline/core/verify";
import type { EnrolledNode } from "../enrol/enrolled-node.ts";
import type { EvidenceReading } from "../evidence/index.ts";
import type { TdxCollateral } from "../tee/index.ts";
import type { VerifiesEcdsa } from "../tpm/signed-by.ts";
import type { Accepted } from "./accepted.ts";
import type { ContourFile, ContourFor } from "./contour-file.ts";
import type { ProvenFacts } from "./proven.ts";
import type { readRules } from "./rules.ts";

/** A node without a TPM. */
export interface MachineNode {
  readonly id: string;
  /** SubjectPublicKeyInfo of its engine's key, in DER. */
  readonly key: Uint8Array;
  /** The machine that it was enrolled on, as `machineName` names it; none: any that the policy accepts. */
  readonly machine?: string | undefined;
}

/** What a verifier trusts of confidential machines. Certificates and lists are in DER. */
export interface MachineTrust {
  readonly nodes: readonly MachineNode[];
  readonly roots: readonly Uint8Array[];
  /** Between a root and a machine, and of machines themselves; nothing is believed because it is here. */
  readonly between: readonly Uint8Array[];
  readonly revocations: readonly Uint8Array[];
  /** Intel's statements, each about one kind of platform. */
  readonly collateral: readonly TdxCollateral[];
}

export interface Trust {
  /** Enrolled nodes. */
  readonly nodes: readonly Pick<EnrolledNode, "id" | "attestationKey">[];
  /** Keys one of which must have signed a contour, where the policy asks for it. */
  readonly contourSigners: readonly TrustedKey[];
  /** Keys one of which must have signed policy and reference values. None: bare files are accepted. */
  readonly policySigners: readonly TrustedKey[];
  /** Contour files, by which bound states are recomputed. */
  readonly contours: readonly (Uint8Array | ContourFile | ContourFor)[];
  /**
   * Contours that a trusted key has signed, of which only the file has not come yet, by digest; with the images that they are for, none
   * for any. They do not count before. None where no node sends any.
   */
  readonly awaited?: ReadonlyMap<string, readonly string[]> | undefined;
  /** None: no confidential machine is trusted. */
  readonly machines?: MachineTrust | undefined;
}

export interface Question {
  /** The bytes that came, or what reads them. */
  readonly evidence: Uint8Array | EvidenceReading;
  /** The 32 bytes that this verifier sent. */
  readonly challenge: Uint8Array;
  readonly trust: Trust;
  /** The file of the policy. */
  readonly policy: Uint8Array;
  /** Files of reference values. */
  readonly references: readonly Uint8Array[];
  /** Reads policy and reference values, where a verifier keeps what it read of the same files by the same keys. */
  readonly readRules?: typeof readRules | undefined;
  /** What was proven of this node's logs before; none: all is proven anew. */
  readonly proven?: ProvenFacts | undefined;
  /** Called between two canisters, and waited for where it returns a promise: other work may be done meanwhile. */
  readonly breathe?: (() => Promise<void> | undefined) | undefined;
  /** How signatures by ECDSA are checked; left out: by WebCrypto. */
  readonly verifiesEcdsa?: VerifiesEcdsa | undefined;
  /** Of this node; none for the first evidence. */
  readonly last?: Accepted | undefined;
  /** The verifier's clock. */
  readonly now: Date;
  /** The id of the node that was asked, where it is known. */
  readonly node?: string | undefined;
  /** Labels that the evidence is to be about; none: every canister of the node. */
  readonly about?: readonly string[] | undefined;
}
