/** What a program was given to run, before its files are looked up. */
import { sha256 } from "../../digest.ts";
import { escapeBytes } from "../../event/escape.ts";

export type Operand = Meant & {
  /** The index of the argument that says so; -1 if none does. */
  readonly word: number;
};

/** The thing that is run. */
export type Meant =
  /** A file: the first of these names that exists. Raw paths; relative ones start at the working directory. */
  | { readonly kind: "file"; readonly names: readonly [Buffer, ...Buffer[]] }
  /** Text in an argument: the word, from the byte `from` on. */
  | { readonly kind: "text"; readonly from: number }
  /** Something identified by name alone: `module:pytest`, `class:Main`, `stdin`, or `?reason`. */
  | { readonly kind: "name"; readonly name: string };

/** PATH_MAX (linux/limits.h), with the NUL: the kernel accepts no longer path. */
const PATH_MAX = 4096;
/** Longest part of a name that is kept. */
const MAX_NAME = 120;

/** Standard input. */
export const INPUT: Meant = { kind: "name", name: "stdin" };

/** Paths that name descriptors: only the open shows which file is behind one. */
const DESCRIPTOR = /^\/(?:dev\/(?:fd\/\d+|stdin)|proc\/(?:self|thread-self)\/fd\/\d+)$/;

/** A file with this name, or with this name and one of these suffixes. */
export function file(name: Buffer, endings: readonly string[] = []): Meant {
  if (DESCRIPTOR.test(name.toString("latin1"))) return { kind: "name", name: "descriptor" };
  if (name.length >= PATH_MAX || name.includes(0)) return unclear("no-path");
  const others = endings.map((ending) => Buffer.concat([name, Buffer.from(ending)]));
  return { kind: "file", names: [name, ...others] };
}

/** Something identified by name alone. */
export function named(kind: "module" | "class", name: Buffer): Meant {
  return { kind: "name", name: `${kind}:${short(name)}` };
}

/** Something that could not be determined, and why; `about` is the word concerned. */
export function unclear(reason: "unreadable" | "option" | "no-path" | "too-many" | "cut", about?: Buffer): Meant {
  return { kind: "name", name: about === undefined ? `?${reason}` : `?${reason}:${short(about)}` };
}

/** Of a long name the beginning, and a digest of it all: a module may be a text (`--import data:…`, `perl -M`). */
function short(name: Buffer): string {
  if (name.length <= MAX_NAME) return escapeBytes(name);
  return escapeBytes(Buffer.concat([name.subarray(0, MAX_NAME), Buffer.from(`…${sha256(name)}`)]));
}
