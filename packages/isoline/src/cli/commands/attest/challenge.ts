/** `isoline attest challenge`: a number that no evidence of the past can answer. */
import { randomBytes } from "node:crypto";
import { CHALLENGE_BYTES } from "@isoline/attest/evidence";
import { status } from "../../ending.ts";
import { printLine } from "../../output/streams.ts";
import { usage } from "../../refusal.ts";

export async function challenge(): Promise<number> {
  printLine(randomBytes(CHALLENGE_BYTES).toString("hex"));
  return status.success;
}

/** The challenge on a command line. */
export function challengeIn(text: string): Uint8Array {
  if (new RegExp(`^[0-9a-f]{${2 * CHALLENGE_BYTES}}$`, "i").test(text))
    return Uint8Array.from(Buffer.from(text, "hex"));
  throw usage(
    `expected ${2 * CHALLENGE_BYTES} hexadecimal digits as --challenge, got ${JSON.stringify(text.slice(0, 80))}; the verifier makes one with isoline attest challenge`,
  );
}
