/**
 * Parses register values in a file, in the formats of common tools:
 *
 *   tpm2_pcrread, tpm2_quote   `  sha256:` and below it `    10: 0x…`
 *   sysfs, evmctl              `PCR-10: …` with or without blanks between bytes, under a bank that is given
 *   by hand                    `sha256:10=…`
 */
import { CliError } from "../../error.ts";
import { type Bank, bankSize, isBank } from "../hash-algorithms.ts";
import type { Expected } from "./verify.ts";

const MAX_BYTES = 1024 * 1024;

/** Reads register values. `from` is their source, for error messages; `bank` that of lines that name none. */
export function readRegisters(text: string, from: string, bank?: Bank): readonly Expected[] {
  if (text.length > MAX_BYTES) throw refusal(from, 1, `at most ${MAX_BYTES} bytes`, `${text.length}`);
  const found: Expected[] = [];
  let current = bank;
  text.split("\n").forEach((line, index) => {
    const words = line.trim();
    if (words === "" || words.startsWith("#")) return;
    const heading = /^(sha\d+):$/.exec(words)?.[1];
    if (heading !== undefined) {
      if (!isBank(heading)) throw refusal(from, index + 1, "a bank: sha1, sha256, sha384 or sha512", heading);
      current = heading;
      return;
    }
    const value = /^(?:(sha\d+):)?(?:PCR-?)?(\d{1,2})\s*[:=]\s*(?:0x\s*)?([0-9a-f][0-9a-f\s]*)$/i.exec(words);
    const named = value?.[1] ?? current;
    if (!value || named === undefined || !isBank(named))
      throw refusal(from, index + 1, "a register as 10: 0x… under its bank, or sha256:10=…", words.slice(0, 60));
    const bytes = Buffer.from((value[3] as string).replace(/\s/g, ""), "hex");
    if (bytes.length !== bankSize[named])
      throw refusal(from, index + 1, `${bankSize[named]} bytes of a ${named} register`, `${bytes.length}`);
    found.push({ bank: named, register: Number(value[2]), value: bytes });
  });
  return found;
}

function refusal(from: string, line: number, expected: string, got: string): CliError {
  return new CliError("usage", `${from}, line ${line}: expected ${expected}, got ${JSON.stringify(got)}`);
}
