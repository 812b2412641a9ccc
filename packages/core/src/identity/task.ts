/**
 * Task identity: which code acts, as a digest over the chain of executables that led to a process.
 *
 *   task = SHA-256( text "isoline iso1 task" ‖ parent task ‖ text path ‖ u32 count ‖ content of each image ‖ call )
 *
 * `path` is the canonical, levelled path of the file that was executed. The images are that file, then the files that the
 * kernel loads to run it (the interpreters of a `#!` script, the ELF interpreter). content = u8 1 ‖ 32 bytes SHA-256, or u8 0 ‖
 * text path if the content cannot be read. call = ( u8 0 | u8 1 ‖ text as ) ‖ ( u8 0 | u8 1 ‖ list runs ): the name by which it
 * was called, if that is not the name of the file, and what it was given to run. Before the first exec in a namespace the task
 * is 32 zero bytes.
 */
import { type Digest, sha256 } from "../digest.ts";
import { text, u32 } from "./hashed-text.ts";

/** A file whose content runs. `digest` is absent if the content cannot be read. */
export interface Image {
  readonly path: string;
  readonly digest?: Digest;
}

/** How a program was called. */
export interface Call {
  /** The last component of the name it was called by; left out if that is the last component of its path. */
  readonly as?: string;
  /** What an interpreter was given to run: files, texts, modules; left out if it was given nothing. */
  readonly runs?: readonly string[];
}

/** A task identity with the data it was derived from, so that a person can read it. */
export interface Task extends Call {
  readonly id: Digest;
  readonly parent: Digest;
  readonly images: readonly [Image, ...Image[]];
}

const DOMAIN = "isoline iso1 task";

/** Derives the identity of a process that executes `images[0]`, called like this, from the identity `parent` of its parent. */
export function deriveTask(parent: Digest, images: readonly [Image, ...Image[]], { as, runs }: Call = {}): Task {
  const parts = [text(DOMAIN), Buffer.from(parent, "hex"), text(images[0].path), u32(images.length)];
  for (const image of images) {
    if (image.digest) parts.push(Buffer.of(1), Buffer.from(image.digest, "hex"));
    else parts.push(Buffer.of(0), text(image.path));
  }
  parts.push(...(as === undefined ? [Buffer.of(0)] : [Buffer.of(1), text(as)]));
  parts.push(...(runs === undefined ? [Buffer.of(0)] : [Buffer.of(1), u32(runs.length), ...runs.map(text)]));
  const call = { ...(as === undefined ? {} : { as }), ...(runs === undefined ? {} : { runs }) };
  return { id: sha256(Buffer.concat(parts)), parent, images, ...call };
}

/** The name of a task's program: the last component of its path. */
export function programName(task: Task): string {
  return lastComponent(task.images[0].path);
}

/** The display name of a task: `busybox as cat`, `node install.js`, `python3 -m pytest`, `dash as sh (text)`. */
export function taskPhrase(task: Task): string {
  const as = task.as === undefined ? "" : ` as ${task.as}`;
  return `${programName(task)}${as}${(task.runs ?? []).map((run) => ` ${runPhrase(run)}`).join("")}`;
}

/**
 * The names by which rules about tools know a program: its file's, the one that it was called by, and each with the script that it
 * runs: `x86_64-linux-gnu-ld.bfd`, `ld`; `node`, `node:npm-cli.js`.
 */
export function toolNames(task: Task): readonly string[] {
  const names = task.as === undefined ? [programName(task)] : [programName(task), task.as];
  const script = task.runs?.at(-1);
  if (script === undefined) return names;
  return [...names, ...names.map((name) => `${name}:${lastComponent(withoutDigest(script))}`)];
}

/** The same as one word: `busybox:cat`, `node:install.js`. */
export function taskLabel(task: Task): string {
  const last = task.runs?.at(-1);
  const parts = [programName(task), task.as, last === undefined ? undefined : lastComponent(withoutDigest(last))];
  return parts.filter((part) => part !== undefined).join(":");
}

function runPhrase(run: string): string {
  const what = withoutDigest(run);
  if (what === "text") return "(text)";
  if (what === "stdin") return "(standard input)";
  if (what.startsWith("module:")) return `-m ${what.slice("module:".length)}`;
  if (what.startsWith("class:")) return what.slice("class:".length);
  return what.startsWith("?") ? `(${what})` : lastComponent(what);
}

function withoutDigest(run: string): string {
  return run.replace(/@(?:[0-9a-f]{64}|\?)$/, "");
}

function lastComponent(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1) || path;
}
