/** What an appraisal judges by, read from a verifier's files. */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { type Policy, readPolicy } from "./policy.ts";
import { joined, type References, readReferences } from "./references.ts";
import type { Signers } from "./signed-file.ts";

export interface AppraisalRules {
  readonly policy: Policy;
  readonly references: References;
  /** SHA-256 of the policy's file, in hexadecimal. */
  readonly digest: string;
}

/** Reads a policy and the files of reference values that go with it. Refuses what `readPolicy` and `readReferences` refuse. */
export async function readRules(
  policyFile: Uint8Array,
  referenceFiles: readonly Uint8Array[],
  signers: Signers,
): Promise<AppraisalRules> {
  const policy = await readPolicy(policyFile, signers);
  const all: References[] = [];
  for (const file of referenceFiles) all.push(await readReferences(file, signers));
  return { policy, references: joined(all), digest: bytesToHex(sha256(policyFile)) };
}
