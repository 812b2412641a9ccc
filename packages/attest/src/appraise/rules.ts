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

/** What was read before of the same files, by the same signers: to read a large one takes seconds. */
export interface RulesRead {
  readonly policy?: Policy | undefined;
  /** Of each file of reference values; undefined where it is to be read. */
  readonly references?: readonly (References | undefined)[] | undefined;
}

/** Reads a policy and the files of reference values that go with it. Refuses what `readPolicy` and `readReferences` refuse. */
export async function readRules(
  policyFile: Uint8Array,
  referenceFiles: readonly Uint8Array[],
  signers: Signers,
  read: RulesRead = {},
): Promise<AppraisalRules> {
  const policy = read.policy ?? (await readPolicy(policyFile, signers));
  const all: References[] = [];
  for (const [at, file] of referenceFiles.entries())
    all.push(read.references?.[at] ?? (await readReferences(file, signers)));
  return { policy, references: joined(all), digest: bytesToHex(sha256(policyFile)) };
}
