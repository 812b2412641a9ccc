/** The files that an exec runs: the named file, the interpreters of `#!` lines, the ELF interpreter. */
import { escapeBytes } from "@isoline/core/event";
import { builtBy, type Image, marksOf } from "@isoline/core/identity";
import { EACCES, ELOOP, ENOEXEC, ETXTBSY } from "../../../abi/errno.ts";
import { AT_FDCWD } from "../../../abi/stat.ts";
import type { Content } from "../../files/content.ts";
import type { Context } from "../context.ts";
import { reasonFor } from "../paths/reasons.ts";
import { pathText } from "../../files/knowledge.ts";
import { elfLoader, HEAD, type Interpreter, interpreterIn, isElfForUs, type Loader } from "../../files/loader.ts";
import type { FileUse } from "../../inspection.ts";
import { fileMark } from "../tasks/lineage.ts";
import { Found } from "../../files/found.ts";
import { EXECUTE } from "../../words/access.ts";
import type { Thread } from "../tasks/process.ts";

/** The files that an exec loads, in the kernel's order; or the errno with which the kernel will refuse it. */
export type Execution =
  | Runnable
  | { readonly refusedWith: number }
  /** The kernel would not refuse it, but the inspector of files does. */
  | { readonly deniedWith: number };

/** An exec that the kernel will carry out. */
export interface Runnable {
  readonly images: readonly [Image, ...Image[]];
  /** Remarks on the content of each file. */
  readonly contents: readonly Content[];
  /** The `#!` lines, outermost first: the program that runs is the image of the last. */
  readonly interpreters: readonly Interpreter[];
  /** Device and inode of the program that will run, which /proc/PID/exe will show; "" if unknown. */
  readonly executable: string;
  /** Why the files that will be loaded are not known. */
  readonly unseen?: string;
}

/** The kernel gives up after five rewrites (fs/exec.c, exec_binprm). */
const MAX_REWRITES = 5;
const LOADERS_KEPT = 4096;

/** Examines the file that an exec names, and every file that will be loaded to run it. */
export function inspect(context: Context, thread: Thread, target: Found): Execution {
  const loaders: Image[] = [];
  const interpreters: Interpreter[] = [];
  const contents: Content[] = [];
  const marks: Image[] = [];
  const images = (executable: string): Runnable => ({
    images: [imageOf(context, target, contents, marks), ...loaders, ...marks],
    contents,
    interpreters,
    executable,
  });
  let file = target;
  try {
    for (let rewrites = 0; ; rewrites++) {
      const refusal = refusalOf(context, thread, file);
      if (refusal !== 0) return { refusedWith: refusal };
      const denied = inspectRun(context, thread, file);
      if (denied !== 0) return { deniedWith: denied };
      if (file !== target) loaders.push(imageOf(context, file, contents, marks));
      const next = loaderOf(context, thread, file);
      const executable = fileMark(file.stat);
      if (next.kind === "elf" || next.kind === "none") {
        const refused = inspectMapped(context, thread, file, ["credentials", "map"]);
        if (refused !== 0) return { deniedWith: refused };
      }
      if (next.kind === "none") return images(executable);
      if (next.kind === "unknown") {
        const refused = context.mediator.inspector?.withoutFile("exec", thread) ?? 0;
        if (refused !== 0) return { deniedWith: refused };
        loaders.push({ path: next.reason });
        return images(next.isLoaded ? executable : "");
      }
      if (next.kind === "not-executable") return { refusedWith: ENOEXEC };
      if (next.kind === "script") interpreters.push(next);
      if (rewrites >= MAX_REWRITES) return { refusedWith: ELOOP };
      if (file !== target) file.close();
      file = new Found();
      const result = context.finder.find(
        file,
        thread,
        AT_FDCWD,
        Buffer.concat([next.path, Buffer.of(0)]),
        next.path.length,
        true,
      );
      if (result < 0) {
        if (context.isForTaskToo(thread, result)) return { refusedWith: -result };
        const refused = context.mediator.inspector?.withoutFile("exec", thread) ?? 0;
        if (refused !== 0) return { deniedWith: refused };
        loaders.push({ path: `?unresolved:${escapeBytes(next.path)}` });
        return { ...images(next.kind === "elf" ? executable : ""), unseen: reasonFor(-result) };
      }
      if (next.kind === "elf") {
        const refused = inspectMapped(context, thread, file, ["open", "map"]);
        if (refused !== 0) return { deniedWith: refused };
        loaders.push(imageOf(context, file, contents, marks));
        return images(executable);
      }
    }
  } finally {
    if (file !== target) file.close();
  }
}

/** The errno with which the kernel will not execute a file (fs/exec.c, do_open_execat); 0 if it will. */
function refusalOf(context: Context, thread: Thread, file: Found): number {
  if (file.stat.isSymlink) return ELOOP;
  if (!file.stat.isRegular) return EACCES;
  const refusal = context.permissions.refusal(file, EXECUTE, thread);
  // Linux 6.11 and 6.12 execute a file that is open for writing; here the exec fails on them too, because the content that runs
  // is not known.
  return refusal === 0 && context.files.writersOf(file) === "some" ? ETXTBSY : refusal;
}

/** The program and each interpreter of a `#!` line: opened for execution, and passed to the binary format handlers (fs/exec.c). */
function inspectRun(context: Context, thread: Thread, file: Found): number {
  return context.inspect(thread, file, "open", EXECUTE) || context.inspect(thread, file, "exec", EXECUTE);
}

/** The same where the kernel is only asked about a file: interpreters are not looked up (fs/exec.c, bprm_execve). */
export function inspectAsked(context: Context, thread: Thread, file: Found): number {
  return refusalOf(context, thread, file) === 0 ? inspectRun(context, thread, file) : 0;
}

/** The files that become memory: the program that finally runs, and its ELF interpreter (fs/binfmt_elf.c). */
function inspectMapped(context: Context, thread: Thread, file: Found, uses: readonly FileUse[]): number {
  for (const use of uses) {
    const refused = context.inspect(thread, file, use, EXECUTE);
    if (refused !== 0) return refused;
  }
  return 0;
}

/** The file by its content; or by its makers, with their marks, if the workload has built it. */
function imageOf(context: Context, found: Found, contents: Content[], marks: Image[]): Image {
  const content = context.files.contentOf(found);
  contents.push(content);
  const { digest } = content;
  if (digest === undefined) return { path: pathText(found) };
  const makers = context.building.makersOf(found, digest);
  if (makers === undefined) return { path: pathText(found), digest };
  marks.push(...marksOf(makers));
  return { path: pathText(found), digest: builtBy(makers) };
}

/** The files that the kernel will load to run this file; cached by the file's version if that identifies its content. */
function loaderOf(context: Context, thread: Thread, file: Found): Loader {
  const version = context.files.writersOf(file) === "none" ? context.files.versionOf(file) : undefined;
  const known = version === undefined ? undefined : context.loaders.get(version);
  if (known) return known;
  const loader = readLoader(context, thread, file);
  if (version === undefined || loader.kind === "unknown" || loader.kind === "not-executable") return loader;
  if (!context.files.isStill(file)) return loader;
  if (context.loaders.size >= LOADERS_KEPT) context.loaders.clear();
  context.loaders.set(version, loader);
  return loader;
}

function readLoader(context: Context, thread: Thread, file: Found): Loader {
  const head = context.files.head(file, HEAD);
  if (!head) return { kind: "unknown", reason: "?unreadable", isLoaded: false };
  if (head[0] === 0x23 && head[1] === 0x21) {
    const interpreter = interpreterIn(head);
    return interpreter ? { kind: "script", ...interpreter } : { kind: "not-executable" };
  }
  // A short file is followed by zeros in the kernel's buffer, and a whole program may be smaller than a header.
  if (isElfForUs(Buffer.concat([head], HEAD)))
    return elfLoader(Buffer.concat([head], HEAD), (position, length) => context.files.slice(file, position, length));
  // Only a handler could run it, and handlers cannot be inspected.
  return context.handlers.mayRun(thread)
    ? { kind: "unknown", reason: "?binfmt", isLoaded: false }
    : { kind: "not-executable" };
}
