/** A lens by its name, or a policy file. */
import { canonicalPolicy, IsolineError, lensNames, namedPolicy, type Policy, parsePolicy } from "@isoline/core";
import { readRegular } from "./bounded-file.ts";

const MAX_BYTES = 256 * 1024;

/** The canonical policy line that a run is to use; undefined leaves it to the contour, or to the default. */
export async function policyLine(lens: string | undefined): Promise<string | undefined> {
  if (lens === undefined) return undefined;
  return canonicalPolicy(namedPolicy(lens) ?? (await readPolicyFile(lens)));
}

/** YAML, and so JSON. Aliases are refused: a few lines of them can stand for gigabytes. */
async function readPolicyFile(path: string): Promise<Policy> {
  const text = readText(path);
  const { parse } = await import("yaml");
  try {
    return parsePolicy(parse(text, { maxAliasCount: 0, strict: true, uniqueKeys: true }));
  } catch (fault) {
    if (fault instanceof IsolineError)
      throw new IsolineError(fault.code, `${path}: ${fault.message}`, { cause: fault });
    const why = fault instanceof Error ? (fault.message.split("\n")[0] ?? "") : String(fault);
    throw new IsolineError("bad-policy", `${path}: expected YAML or JSON; ${why}`, { cause: fault });
  }
}

function readText(path: string): string {
  return readRegular(path, MAX_BYTES, `${lensNames.join(", ")} or a policy file`).toString("utf8");
}
