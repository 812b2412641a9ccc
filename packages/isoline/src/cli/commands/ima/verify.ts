/** `isoline ima verify`: checks that a measurement list is consistent. */
import { readImaAttribute } from "../../../integrity/appraise/attribute.ts";
import { readKeyFile } from "../../../integrity/appraise/key-file.ts";
import { Keyring } from "../../../integrity/appraise/keyring.ts";
import { verifyImaSignature } from "../../../integrity/appraise/signature.ts";
import type { Bank } from "../../../integrity/hash-algorithms.ts";
import type { MeasurementList } from "../../../integrity/list/entry.ts";
import { replay } from "../../../integrity/list/replay.ts";
import { readRegisters } from "../../../integrity/list/register-file.ts";
import { type Comparison, type Examiner, type Verified, verifyList } from "../../../integrity/list/verify.ts";
import { status } from "../../ending.ts";
import { paint } from "../../output/paint.ts";
import { print, printJson } from "../../output/streams.ts";
import { grouped, harmless } from "../../output/wording.ts";
import { readRegular } from "../../../store/bounded-file.ts";
import { readList } from "./list-file.ts";

export interface ImaVerifyOptions {
  readonly bank?: Bank;
  readonly pcrs?: string;
  readonly pcr?: readonly string[];
  readonly key?: readonly string[];
  readonly json?: boolean;
}

interface Signatures {
  good: number;
  bad: number;
  /** Signed by a key that was not given, or over a digest that is not in the list. */
  unchecked: number;
}

export async function verify(file: string, options: ImaVerifyOptions): Promise<number> {
  const { pcrs, pcr = [], key, json } = options;
  const expected = [
    ...(pcrs === undefined ? [] : readRegisters(readText(pcrs), pcrs)),
    ...pcr.flatMap((value) => readRegisters(value, `--pcr ${value}`)),
  ];
  const signatures: Signatures = { good: 0, bad: 0, unchecked: 0 };
  const examine = key === undefined ? undefined : signatureExaminer(new Keyring(key.map(readKeyFile)), signatures);
  const list = readList(file, options.bank);
  const filled = new Set(list.entries.map(({ register }) => register));
  // Registers for which the list has no entries are used by other software.
  const verified = verifyList(
    list,
    expected.filter(({ register }) => filled.has(register)),
    examine,
  );
  const holds = verified.problems.length === 0 && verified.comparisons.every(({ after }) => after !== undefined);
  if (json)
    printJson({ isoline: 1, verified: holds, bank: list.bank, ...document(verified), ...(key && { signatures }) });
  else print(page(file, { list, holds, verified, areGiven: expected.length > 0, signatures: key && signatures }));
  return holds ? status.success : status.failure;
}

/** Signatures are counted. A bad one is a problem; one by an unknown key is only reported. */
function signatureExaminer(keys: Keyring, count: Signatures): Examiner {
  return ({ signature, file }) => {
    if (!signature?.length || file === undefined) return undefined;
    const value = readImaAttribute(signature);
    const verdict = value.kind === "signature" ? verifyImaSignature(value, file.digest, keys) : "bad";
    // Templates before v2 do not record which of a file's digests they hold: that of the content or of fs-verity.
    const elsewhere = value.kind === "signature" && value.over === "verity" && file.kind !== "verity";
    if (verdict === "good") count.good += 1;
    else if (verdict === "no-key" || elsewhere) count.unchecked += 1;
    else {
      count.bad += 1;
      return "its signature does not match its digest and the key that it names";
    }
    return undefined;
  };
}

/** Some thousand lines. */
const MOST_PCR_BYTES = 1 << 20;

function readText(path: string): string {
  return readRegular(path, MOST_PCR_BYTES, "values of registers (--pcrs)").toString("utf8");
}

function document({ templates, registers, ...rest }: Verified): object {
  return { ...rest, templates: Object.fromEntries(templates), registers: Object.fromEntries(registers.entries()) };
}

interface Found {
  readonly list: MeasurementList;
  readonly holds: boolean;
  readonly verified: Verified;
  /** Whether registers were given to compare with. */
  readonly areGiven: boolean;
  readonly signatures: Signatures | undefined;
}

function page(file: string, { list, holds, verified, areGiven, signatures }: Found): string {
  const { entries, violations, opaque, problems, moreProblems, comparisons, registers, templates } = verified;
  const kinds = Array.from(templates, ([name, count]) => `${harmless(name)} ${count}`).join(", ");
  // What a run says of itself, and most quotes have, is of SHA-256.
  const replayed = registers.bank === "sha256" ? [registers] : [registers, replay(list.entries, "sha256")];
  const lines = [
    `${harmless(file)}: ${holds ? paint("green", "verified") : paint("red", "not verified")}`,
    ...(comparisons.length === 0 ? [row("registers", areGiven ? NONE_FITS : NONE_GIVEN)] : []),
    row("entries", `${grouped(entries)}${kinds === "" ? "" : `: ${kinds}`}`),
    row("violations", String(violations)),
    ...(opaque > 0 ? [row("unreadable", `${opaque} of unknown templates: hashed, but not parsed`)] : []),
    ...(signatures
      ? [
          row(
            "signatures",
            `${signatures.good} good, ${signatures.bad} bad, ${signatures.unchecked} that could not be checked`,
          ),
        ]
      : []),
    ...replayed.flatMap((each) => each.entries().map(([register, value]) => row(`${each.bank}:${register}`, value))),
    ...comparisons.map((each) => row(`${each.bank}:${each.register}`, comparisonText(each, entries))),
    ...problems.map(({ entry, what }) => row(`entry ${entry}`, paint("red", harmless(what)))),
    ...(moreProblems > 0 ? [row("", `and ${moreProblems} more`)] : []),
  ];
  return `${lines.join("\n")}\n`;
}

const NONE_GIVEN =
  "not compared: the list was checked against itself alone; --pcr or --pcrs gives values to compare with";
const NONE_FITS = "not compared: the list has no entry for those that were given";

function row(name: string, value: string): string {
  return `  ${name.padEnd(12)} ${value}`;
}

function comparisonText({ after, from, expected, replayed }: Comparison, entries: number): string {
  if (after === undefined) return paint("red", `expected ${expected}, the list gives ${replayed}`);
  const how = from === "padded-sha1" ? ", extended as kernels before 5.8 did" : "";
  return after === entries ? `as expected${how}` : `as expected after ${after} of ${entries} entries${how}`;
}
