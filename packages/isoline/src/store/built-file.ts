/**
 * The record of what was built under a contour, beside the contour: `app.contour.built`. It says which contents were proven to be
 * written by which makers, so that a program that an earlier run built is recognised in the next one.
 *
 *   isoline built 1
 *   DIGEST TASK=PROGRAM TASK=PROGRAM …
 *   end
 *
 * It is worth as much as the contour itself: a process that may replace one may replace the other. So it is not used where the
 * contour must be signed.
 */
import { isDigest } from "@isoline/core/digest";
import type { Maker } from "@isoline/core/identity";
import type { Built } from "@isoline/linux";
import { CliError } from "../error.ts";
import { readBounded, Unfit } from "./bounded-file.ts";
import { Output } from "./output.ts";

const FIRST = "isoline built 1";
const LAST = "end";
const MOST_BYTES = 4 * 2 ** 20;
const MOST_LINES = 4096;
const MOST_MAKERS = 16;
const PROGRAM = /^[!-~\u0080-\uffff]{1,4200}$/;

/** The record beside a contour: read before the workload begins, written when it has ended. */
export class BuiltRecord {
  readonly #output: Output | undefined;
  readonly known: Built;

  private constructor(path: string, output: Output | undefined) {
    this.#output = output;
    this.known = readBuilt(path);
  }

  /** The record of a contour. If it cannot be written, what this run builds is not recognised in the next. */
  static beside(contour: string): BuiltRecord | undefined {
    const path = `${contour}.built`;
    const output = openedFor(path);
    if (output?.isDevice) return undefined;
    try {
      return new BuiltRecord(path, output);
    } catch (fault) {
      output?.close();
      throw fault;
    }
  }

  /**
   * Writes what was known before the workload began, and what was proven since. What the file says by now is not read: the workload
   * may have written to it.
   */
  save(built: Built): void {
    const all = new Map([...this.known, ...built]);
    if (all.size > 0) this.#output?.write(lines(all));
  }

  close(): void {
    this.#output?.close();
  }
}

/** Nothing, if there is no such file. @throws CliError `cannot-read` if it is not as it was written */
function readBuilt(path: string): Built {
  const bytes = readBounded(path, MOST_BYTES, "refuse");
  if (bytes instanceof Unfit) {
    if (bytes.found === "nothing") return new Map();
    throw unfit(path, `found ${bytes.found}`);
  }
  const [first, ...rest] = bytes.toString("utf8").split("\n");
  if (first !== FIRST || rest.at(-1) !== "" || rest.at(-2) !== LAST) throw unfit(path, "it is not whole");
  const entries = rest.slice(0, -2).map((line, index) => {
    const [digest = "", ...makers] = line.split(" ");
    if (!isDigest(digest) || makers.length === 0 || makers.length > MOST_MAKERS) throw unfit(path, `line ${index + 2}`);
    return [digest, makers.map((maker) => parseMaker(maker) ?? refuse(path, index))] as const;
  });
  return new Map(entries.slice(-MOST_LINES));
}

function parseMaker(text: string): Maker | undefined {
  const at = text.indexOf("=");
  const [task, program] = [text.slice(0, at), text.slice(at + 1)];
  return at > 0 && isDigest(task) && PROGRAM.test(program) ? { task, program } : undefined;
}

function refuse(path: string, index: number): never {
  throw unfit(path, `line ${index + 2}`);
}

function unfit(path: string, found: string): CliError {
  return new CliError(
    "cannot-read",
    `cannot read ${path}: expected the record of what was built, ${found}; remove the file, and build anew`,
  );
}

function* lines(built: Built): Generator<Uint8Array> {
  const entries = [...built].slice(-MOST_LINES);
  const texts = entries.map(
    ([digest, makers]) => `${digest} ${makers.map(({ task, program }) => `${task}=${program}`).join(" ")}`,
  );
  yield Buffer.from(`${[FIRST, ...texts.sort(), LAST].join("\n")}\n`);
}

function openedFor(path: string): Output | undefined {
  try {
    return Output.open(path);
  } catch {
    return undefined;
  }
}
