import { readFileSync, statSync } from "node:fs";
import { CliError } from "../../error.ts";
import { builtInNames, builtInPolicy } from "./built-in.ts";
import { parseImaPolicy } from "./parse.ts";
import type { ImaPolicy } from "./rule.ts";

const MAX_BYTES = 1024 * 1024;

/** A policy by the name of what is built in, or out of a file. */
export function readImaPolicy(named: string): ImaPolicy {
  const builtIn = builtInPolicy(named);
  if (builtIn !== undefined) return builtIn;
  let text: string;
  try {
    const { size } = statSync(named);
    if (size > MAX_BYTES)
      throw new CliError("bad-ima-policy", `${named}: expected at most ${MAX_BYTES} bytes, got ${size}`);
    text = readFileSync(named, "utf8");
  } catch (fault) {
    if (fault instanceof CliError) throw fault;
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new CliError(
      "cannot-read",
      `${named}: expected a policy file, or ${builtInNames.join(", ")} with | between them; it could not be read: ${why}`,
      { cause: fault },
    );
  }
  return parseImaPolicy(text);
}
