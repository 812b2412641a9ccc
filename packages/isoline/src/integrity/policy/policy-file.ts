import { readRegular } from "../../store/bounded-file.ts";
import { builtInNames, builtInPolicy } from "./built-in.ts";
import { parseImaPolicy } from "./parse.ts";
import type { ImaPolicy } from "./rule.ts";

const MAX_BYTES = 1024 * 1024;

/** A policy by the name of a built-in one, or from a file. */
export function readImaPolicy(named: string): ImaPolicy {
  const builtIn = builtInPolicy(named);
  if (builtIn !== undefined) return builtIn;
  const expected = `a policy file, or ${builtInNames.join(", ")} with | between them`;
  const text = readRegular(named, MAX_BYTES, expected).toString("utf8");
  return parseImaPolicy(text);
}
