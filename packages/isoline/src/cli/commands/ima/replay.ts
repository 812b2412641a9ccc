/** `isoline ima replay`: computes the registers that a list was extended into. */
import type { Bank } from "../../../integrity/hash-algorithms.ts";
import { replay } from "../../../integrity/list/replay.ts";
import { status } from "../../ending.ts";
import { printJson, printLine } from "../../output/streams.ts";
import { readList } from "./list-file.ts";

export interface ImaReplayOptions {
  readonly bank?: Bank;
  readonly padded?: boolean;
  readonly json?: boolean;
}

export async function replayList(file: string, { bank, padded, json }: ImaReplayOptions): Promise<number> {
  const { entries } = readList(file);
  const from = padded ? "padded-sha1" : "own-digest";
  const banks: readonly Bank[] = bank === undefined ? ["sha1", "sha256"] : [bank];
  const replayed = banks.map((each) => [each, replay(entries, each, from).entries()] as const);
  if (json) {
    const registers = Object.fromEntries(replayed.map(([each, values]) => [each, Object.fromEntries(values)]));
    printJson({ isoline: 1, entries: entries.length, registers });
    return status.success;
  }
  // In the format of tpm2_pcrread, so that the two can be compared by eye or by diff.
  for (const [each, values] of replayed) {
    printLine(`  ${each}:`);
    for (const [register, value] of values) printLine(`    ${String(register).padEnd(2)}: 0x${value.toUpperCase()}`);
  }
  return status.success;
}
