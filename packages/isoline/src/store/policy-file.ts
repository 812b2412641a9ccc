/** A lens by its name, or a policy file. */
import { readFileSync, statSync } from "node:fs";
import { canonicalPolicy, IsolineError, lensNames, namedPolicy, type Policy, parsePolicy } from "@isoline/core";
import { CliError } from "../error.ts";

const MAX_BYTES = 256 * 1024;

/** The canonical policy line that a run is to use; undefined leaves it to the contour, or to the default. */
export async function policyLine(lens: string | undefined): Promise<string | undefined> {
  if (lens === undefined) return undefined;
  return canonicalPolicy(namedPolicy(lens) ?? (await readPolicyFile(lens)));
}

/** YAML, and so JSON. Aliases are refused: a few lines of them can stand for gigabytes. */
async function readPolicyFile(path: string): Promise<Policy> {
  const text = readBounded(path);
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

function readBounded(path: string): string {
  try {
    const { size } = statSync(path);
    if (size > MAX_BYTES)
      throw new IsolineError("bad-policy", `${path}: expected at most ${MAX_BYTES} bytes, got ${size}`);
    return readFileSync(path, "utf8");
  } catch (fault) {
    if (fault instanceof IsolineError) throw fault;
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new CliError(
      "cannot-read",
      `${path}: expected ${lensNames.join(", ")} or a policy file, which could not be read: ${why}`,
      { cause: fault },
    );
  }
}
