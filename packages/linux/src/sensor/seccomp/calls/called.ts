/**
 * How an exec calls a program: by which name, and what it is given to run. Its files are found from the directories at which
 * their paths start, before the exec happens.
 */
import { escapeBytes } from "@isoline/core/event";
import {
  boundedRuns,
  type Call,
  formatNamedRun,
  formatRun,
  invocationOf,
  type Operand,
  TEXT,
} from "@isoline/core/identity";
import { AT_FDCWD } from "../../../abi/stat.ts";
import { Found } from "../../files/found.ts";
import { pathText } from "../../files/knowledge.ts";
import { wordsInFront } from "../../files/words-in-front.ts";
import type { Context } from "../context.ts";
import type { Thread } from "../tasks/process.ts";
import { TaskWords } from "./arguments.ts";
import type { Runnable } from "./images.ts";
import { findPlace } from "./place.ts";

/** The arguments of a call, and the name of its file as the kernel passes it to interpreters (fs/exec.c, bprm->filename). */
export interface Naming {
  readonly argv: bigint;
  readonly filename: Buffer;
}

/** How the program is called, in the sensor's terms; and its arguments, to be compared with those that the kernel uses. */
export interface CalledWith {
  readonly call: Call;
  readonly words: TaskWords;
}

/** It goes by its own name, and is told to run nothing. */
const NOTHING_SAID: Call = {};

export function calledWith(context: Context, thread: Thread, naming: Naming, execution: Runnable): CalledWith {
  const { images, interpreters } = execution;
  const isScript = interpreters.length > 0;
  const inFront = wordsInFront(naming.filename, interpreters);
  const words = new TaskWords(context.memory2, thread.tid, naming.argv, inFront);
  const program = images[interpreters.length] ?? images[0];
  const script = isScript ? { name: naming.filename, words: inFront.length } : undefined;
  const called = { file: lastComponent(images[0].path), program: lastComponent(program.path), script };
  const { as, operands } = invocationOf(called, words);
  if (as === undefined && operands.length === 0) return { call: NOTHING_SAID, words };
  const runs = boundedRuns(operands.map((operand) => runOf(context, thread, words, operand)));
  return { call: { ...(as === undefined ? {} : { as }), ...(runs.length === 0 ? {} : { runs }) }, words };
}

function runOf(context: Context, thread: Thread, words: TaskWords, operand: Operand): string {
  switch (operand.kind) {
    case "name":
      return formatNamedRun(operand.name);
    case "text":
      return formatRun(TEXT, words.digestOf(operand.word, operand.from));
    case "file":
      return fileRun(context, thread, operand.names);
  }
}

/** The first of the names that exists; if none does, the first. */
function fileRun(context: Context, thread: Thread, names: readonly [Buffer, ...Buffer[]]): string {
  const found = new Found();
  for (const name of names) {
    const path = Buffer.concat([name, Buffer.of(0)]);
    if (context.finder.find(found, thread, AT_FDCWD, path, name.length, true) < 0) continue;
    try {
      const digest = context.mediator.content === "read" ? context.files.contentOf(found).digest : undefined;
      return formatRun(pathText(found), digest);
    } finally {
      found.close();
    }
  }
  const [name] = names;
  const place = findPlace(context, thread, AT_FDCWD, name, name.length, false);
  return formatRun("path" in place ? place.path : `?unresolved:${escapeBytes(name)}`, undefined);
}

function lastComponent(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
