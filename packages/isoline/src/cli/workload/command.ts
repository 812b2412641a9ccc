/** The command to run: everything after the first `--`, byte for byte. */
import { rawArguments } from "../../namespace/entry.ts";
import { usage } from "../refusal.ts";

/** `operands` is the number of arguments before the dashes, after the options. */
export function commandAfterDashes(argv: readonly string[], operands: readonly string[]): Uint8Array[] {
  const dashes = argv.indexOf("--");
  const said = `isoline ${argv[0]} ${operands.join(" ")}`.trim();
  if (dashes < 0) throw usage(`expected -- and the command to run at the end: ${said} -- COMMAND [ARGUMENT…]`);
  const count = argv.length - dashes - 1;
  if (count === 0) throw usage(`expected the command to run after --, got nothing: ${said} -- COMMAND [ARGUMENT…]`);
  return rawArguments(count);
}
