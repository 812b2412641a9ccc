/** What an operator trusts: files that the verifier is given, and that nothing on the network can change. */
import type { MachineTrust } from "@isoline/attest/appraise";
import type { Makers } from "@isoline/attest/tpm";
import type { TrustedKey } from "@isoline/core/verify";

export interface Trusted {
  /** Makers of TPMs. */
  readonly makers: Makers;
  /** Digests of the Names of endorsement keys; undefined: any key of these makers may enrol. */
  readonly endorsements: ReadonlySet<string> | undefined;
  /**
   * Confidential machines on which nodes without a TPM may enrol, as `machineName` names them, and how many nodes each may have.
   * Undefined: any machine that the policy of the node accepts, with one node.
   */
  readonly teeMachines: ReadonlyMap<string, number> | undefined;
  /** Keys one of which must have signed policies and reference values. None: what an administrator sends is accepted. */
  readonly policySigners: readonly TrustedKey[];
  readonly contourSigners: readonly TrustedKey[];
  /** Makers of confidential machines; undefined: no policy that demands such a machine is ever met. */
  readonly machines: MachineTrust | undefined;
}
