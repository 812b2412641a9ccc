/** A lens by its name, or a policy file. */
import { IsolineError } from "@isoline/core/error";
import {
  canonicalPolicy,
  lensNames,
  namedPolicy,
  type Policy,
  parsePolicy,
  type PresetName,
  withPresets,
} from "@isoline/core/identity";
import { readRegular } from "./bounded-file.ts";
import { parseYaml } from "./yaml.ts";

const MAX_BYTES = 256 * 1024;

/** The canonical policy line for a run; undefined leaves it to the contour, or to the default. */
export async function policyLine(
  lens: string | undefined,
  presets: readonly PresetName[] = [],
): Promise<string | undefined> {
  if (lens === undefined && presets.length === 0) return undefined;
  const name = lens ?? "default";
  return canonicalPolicy(withPresets(namedPolicy(name) ?? (await readPolicyFile(name)), presets));
}

async function readPolicyFile(path: string): Promise<Policy> {
  const text = readRegular(path, MAX_BYTES, `${lensNames.join(", ")} or a policy file`).toString("utf8");
  const refused = (why: string, cause: unknown) => new IsolineError("bad-policy", `${path}: ${why}`, { cause });
  const value = await parseYaml(text, refused);
  try {
    return parsePolicy(value);
  } catch (fault) {
    if (fault instanceof IsolineError)
      throw new IsolineError(fault.code, `${path}: ${fault.message}`, { cause: fault });
    throw fault;
  }
}
