/** `isoline attest sign`: a policy or reference values, in an envelope with a signature, as verifiers take them. */
import { POLICY_TYPE, readPolicy, readReferences, REFERENCES_TYPE } from "@isoline/attest/appraise";
import { readRegular } from "../../../store/bounded-file.ts";
import { writeDurably } from "../../../store/output.ts";
import { signEnvelope } from "../../../store/signature/envelope.ts";
import { readSigningKey } from "../../../store/signature/keys.ts";
import { status } from "../../ending.ts";
import { printLine } from "../../output/streams.ts";

export interface AttestSignOptions {
  readonly key: string;
  readonly output: string;
}

const MOST_BYTES = 2 ** 24;

/** Signs nothing that a verifier would refuse to read. */
export async function signPolicy(file: string, { key, output }: AttestSignOptions): Promise<number> {
  const bytes = readRegular(file, MOST_BYTES, "a policy, or reference values");
  const type = await typeOf(bytes);
  writeDurably(output, [signEnvelope(type, bytes, readSigningKey(key))]);
  printLine(output);
  return status.success;
}

/** Both are JSON or YAML, and say in one member what they are. */
async function typeOf(bytes: Buffer): Promise<string> {
  if (/(?:^|[{,\n])[^\S\n]*"?references"?\s*:/.test(bytes.toString("utf8"))) {
    await readReferences(bytes, []);
    return REFERENCES_TYPE;
  }
  await readPolicy(bytes, []);
  return POLICY_TYPE;
}
