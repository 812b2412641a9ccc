/** `isoline ima policy`: checks a policy and prints its rules. */
import { readImaPolicy } from "../../../integrity/policy/policy-file.ts";
import { status } from "../../ending.ts";
import { printJson, printLine } from "../../output/streams.ts";
import { harmlessWhole } from "../../output/wording.ts";

export interface ImaPolicyOptions {
  readonly json?: boolean;
}

export async function policyPage(named: string, { json }: ImaPolicyOptions): Promise<number> {
  const policy = readImaPolicy(named);
  if (json) printJson({ isoline: 1, ...policy });
  else for (const { text } of policy.rules) printLine(harmlessWhole(text));
  return status.success;
}
