/** `isoline log verify`: whether a log has a file, by a proof and without a network. */
import { LogError } from "@isoline/log/error";
import { parseProof, verifyProof } from "@isoline/log/proof";
import { readRegular } from "../../../store/bounded-file.ts";
import { readPolicyFile } from "../../../transparency/places.ts";
import { status } from "../../ending.ts";
import { note, printJson, printLine } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";

export interface LogVerifyOptions {
  readonly policy: string;
  readonly json?: boolean;
}

const MOST_BYTES = 65_536;
const MOST_PROOF = 2 ** 18;

export function logVerify(file: string, proofFile: string, { policy: policyFile, json }: LogVerifyOptions): number {
  const entry = readRegular(file, MOST_BYTES, "a file of at most 65 535 bytes");
  const text = readRegular(proofFile, MOST_PROOF, "a proof of a log (.tlog-proof)").toString("utf8");
  const policy = readPolicyFile(policyFile);
  try {
    const proof = parseProof(text);
    const { origin, size, witnesses } = verifyProof(entry, proof, policy);
    const seen = witnesses.map(({ key: { name }, seconds = 0 }) => ({ name, seconds }));
    if (json) printJson({ origin, index: proof.index, size, witnesses: seen });
    else printLine(`entry ${proof.index} of ${harmless(origin)}${seenBy(seen)}`);
    return status.success;
  } catch (fault) {
    if (!(fault instanceof LogError)) throw fault;
    note(harmless(fault.message));
    return status.offContour;
  }
}

function seenBy(witnesses: readonly { readonly name: string; readonly seconds: number }[]): string {
  const each = witnesses.map(({ name, seconds }) => `${harmless(name)} at ${timeOf(seconds)}`);
  return each.length === 0 ? ", seen by no witness" : `, seen by ${each.join(" and ")}`;
}

/** A witness may sign any number of seconds; the last ones have no date. */
const timeOf = (seconds: number): string =>
  seconds <= MOST_SECONDS ? new Date(seconds * 1000).toISOString() : `${seconds} s after 1970`;
const MOST_SECONDS = 8.64e12;
