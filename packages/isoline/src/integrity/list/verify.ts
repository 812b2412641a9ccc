/**
 * Verifies a list: every template digest is recomputed over the raw bytes, every buffer is hashed again, and the registers are
 * replayed and compared with those of a TPM.
 */
import { createHash } from "node:crypto";
import { algorithmByName, type Bank, bankSize } from "../hash-algorithms.ts";
import { CliError } from "../../error.ts";
import {
  type Entry,
  fieldEnds,
  isViolation,
  type MeasurementList,
  type Measured,
  readMeasured,
  templateDigestInto,
} from "./entry.ts";
import { type Extends, Registers } from "./replay.ts";
import { findTemplate, type Template } from "./template.ts";

/** A value that a register should have, from a quote or from the machine. */
export interface Expected {
  readonly bank: Bank;
  readonly register: number;
  readonly value: Buffer;
}

/** The result for a register. A list may be newer than a quote, so a match after any number of entries counts. */
export interface Comparison {
  readonly bank: Bank;
  readonly register: number;
  readonly expected: string;
  readonly replayed: string;
  /** The number of entries after which the value was reached; undefined if it never was. */
  readonly after: number | undefined;
  readonly from: Extends | undefined;
}

/** One problem, at an entry that counts from 1. */
export interface Problem {
  readonly entry: number;
  readonly what: string;
}

export interface Verified {
  readonly entries: number;
  readonly violations: number;
  readonly templates: ReadonlyMap<string, number>;
  /** Number of entries of unknown templates: they are hashed, but not parsed. */
  readonly opaque: number;
  readonly problems: readonly Problem[];
  /** Number of problems beyond those that were kept. */
  readonly moreProblems: number;
  readonly registers: Registers;
  readonly comparisons: readonly Comparison[];
}

const MAX_PROBLEMS = 100;

/** Examines one entry further: a description of the problem, or undefined. */
export type Examiner = (measured: Measured, entry: Entry) => string | undefined;

/** Verifies a list. `examine` is called for each entry that can be parsed. */
export function verifyList(list: MeasurementList, expected: readonly Expected[] = [], examine?: Examiner): Verified {
  const { bank, entries } = list;
  const registers = new Registers(bank);
  const templates = new Map<string, number>();
  const problems: Problem[] = [];
  const digest = Buffer.alloc(bankSize[bank]);
  let violations = 0;
  let opaque = 0;
  let found = 0;
  const complain = (entry: number, what: string) => {
    found += 1;
    if (problems.length < MAX_PROBLEMS) problems.push({ entry, what });
  };
  entries.forEach((entry, index) => {
    templates.set(entry.template, (templates.get(entry.template) ?? 0) + 1);
    if (isViolation(entry)) {
      violations += 1;
      registers.extend(entry);
    } else {
      templateDigestInto(entry, bank, digest, 0);
      registers.extend(entry, digest);
      if (!digest.equals(entry.digest))
        complain(
          index + 1,
          `its ${bank} digest is ${digest.toString("hex")}, the list has ${entry.digest.toString("hex")}`,
        );
    }
    const template = findTemplate(entry.template);
    if (template === undefined) opaque += 1;
    else if (examine !== undefined || !isPlainlyGood(entry, template, list.littleEndian, index + 1)) {
      const wrong = whatIsWrong(entry, list.littleEndian, index + 1, examine);
      if (wrong !== undefined) complain(index + 1, wrong);
    }
  });
  return {
    entries: entries.length,
    violations,
    templates,
    opaque,
    problems,
    moreProblems: found - problems.length,
    registers,
    comparisons: expected.map((each) => compare(entries, each)),
  };
}

/**
 * Whether the common kind of entry, a file's digest and name and no buffer, is well formed. Checked in place: extracting every
 * field takes as long as all the hashing (measured).
 */
function isPlainlyGood({ data }: Entry, template: Template, littleEndian: boolean, number: number): boolean {
  const { fields } = template;
  if (fields[0]?.form !== "digest-ng" || fields[1]?.form !== "name" || fields[2]?.name === "buf") return false;
  const [end = 0, nameEnd = 0] = fieldEnds(data, template, littleEndian, number);
  const zero = data.indexOf(0, 4);
  const algorithm = algorithmByName(data.toString("latin1", 4, zero - 1));
  return (
    data[zero - 1] === 0x3a &&
    algorithm?.size === end - zero - 1 &&
    nameEnd > end + 5 &&
    data.indexOf(0, end + 4) === nameEnd - 1
  );
}

/** A contradiction within an entry, whatever its template digest. */
function whatIsWrong(
  entry: Entry,
  littleEndian: boolean,
  number: number,
  examine: Examiner | undefined,
): string | undefined {
  let measured: Measured | undefined;
  try {
    measured = readMeasured(entry, littleEndian, number);
  } catch (fault) {
    return fault instanceof CliError ? fault.message : String(fault);
  }
  const { file, name, buffer } = measured ?? {};
  if (measured === undefined || name?.length === 0) return "its name is empty";
  if (file?.algorithm === undefined) return examine?.(measured, entry);
  const algorithm = algorithmByName(file.algorithm);
  if (algorithm === undefined) return `its file digest is of an unknown kind, ${file.algorithm}`;
  if (algorithm.size !== file.digest.length)
    return `its file digest has ${file.digest.length} bytes, ${algorithm.name} has ${algorithm.size}`;
  if (buffer === undefined || isViolation(entry) || algorithm.node === undefined) return examine?.(measured, entry);
  return createHash(algorithm.node).update(buffer).digest().equals(file.digest)
    ? undefined
    : `its buffer does not have the ${algorithm.name} digest that stands beside it`;
}

/** Replays until a register has the expected value; if it never has, also in the way of older kernels. */
function compare(entries: readonly Entry[], { bank, register, value }: Expected): Comparison {
  const told = { bank, register, expected: value.toString("hex") };
  let replayed = "";
  for (const from of ["own-digest", "padded-sha1"] as const) {
    const registers = new Registers(bank, from);
    let after: number | undefined;
    entries.forEach((entry, index) => {
      if (entry.register !== register) return;
      registers.extend(entry);
      if (registers.value(register)?.equals(value)) after = index + 1;
    });
    if (from === "own-digest") replayed = registers.value(register)?.toString("hex") ?? "0".repeat(2 * bankSize[bank]);
    if (after !== undefined)
      return { ...told, replayed: registers.value(register)?.toString("hex") ?? "", after, from };
  }
  return { ...told, replayed, after: undefined, from: undefined };
}
