/**
 * What a program was given to run, before anybody looked where it lies.
 */
import { escapeBytes } from "../../event/escape.ts";

export type Operand = Meant & {
  /** Which of the arguments says so; -1 where none does. */
  readonly word: number;
};

/** What is run, wherever that is said. */
export type Meant =
  /** A file, under the first of these names that is there: raw paths, relative ones from the working directory. */
  | { readonly kind: "file"; readonly names: readonly [Buffer, ...Buffer[]] }
  /** A text among the arguments: its word, from the byte `from`. */
  | { readonly kind: "text"; readonly from: number }
  /** Something that is told by its name alone: `module:pytest`, `class:Main`, `stdin`, or `?reason`. */
  | { readonly kind: "name"; readonly name: string };

/** PATH_MAX (linux/limits.h), with the NUL: no file has a longer name for the kernel. */
const PATH_MAX = 4096;
/** A name is said no further. */
const MAX_NAME = 120;

/** Standard input, and whatever is typed there. */
export const INPUT: Meant = { kind: "name", name: "stdin" };

/** Descriptors by their names: which file is behind one, only the open says. */
const DESCRIPTOR = /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/(?:self|thread-self)\/fd\/\d+)$/;

/** A file that goes by one name, or by one of these endings after it. */
export function file(name: Buffer, endings: readonly string[] = []): Meant {
  if (DESCRIPTOR.test(name.toString("latin1"))) return { kind: "name", name: "descriptor" };
  if (name.length >= PATH_MAX || name.includes(0)) return unclear("no-path");
  const others = endings.map((ending) => Buffer.concat([name, Buffer.from(ending)]));
  return { kind: "file", names: [name, ...others] };
}

/** Something told by its name. */
export function named(kind: "module" | "class", name: Buffer): Meant {
  return { kind: "name", name: `${kind}:${short(name)}` };
}

/** What could not be told, and why; `about` says which word. */
export function unclear(reason: "unreadable" | "option" | "no-path" | "too-many" | "cut", about?: Buffer): Meant {
  return { kind: "name", name: about === undefined ? `?${reason}` : `?${reason}:${short(about)}` };
}

function short(name: Buffer): string {
  return escapeBytes(name.length <= MAX_NAME ? name : Buffer.concat([name.subarray(0, MAX_NAME), Buffer.from("…")]));
}
