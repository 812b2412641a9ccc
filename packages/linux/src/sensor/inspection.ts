/**
 * What somebody who looks at files needs of a sensor: each file at the moment it is used, and a way to refuse the use.
 *
 * The events of a behaviour say which file was used; an integrity view also asks what the file is. It looks through the
 * same descriptor that the verdict rests on, so that the two cannot be about different files.
 */
import type { Credentials } from "@isoline/core";
import type { ActingThread } from "./acting.ts";

/** How a file is used; one call may use several files in several ways. */
export type FileUse =
  | "open"
  | "exec"
  | "credentials"
  | "map"
  /** What is mapped already becomes executable. */
  | "protect"
  | "module"
  | "kexec-kernel"
  | "kexec-initramfs";

/** Who uses a file. */
export interface UsingThread extends ActingThread {
  readonly credentials: Credentials;
}

export interface FileInspector {
  /** False while it has nothing to look for: then it is not asked. */
  readonly active: boolean;
  /** Whether it may refuse a use; else it only takes note. */
  readonly mayRefuse: boolean;
  /**
   * Called before the use is decided, while the task waits. `access` are MAY_ bits (1 execute, 2 write, 4 read, 8 append).
   * The file is only good during the call. Returns 0, or the errno that the use fails with.
   */
  inspect(use: FileUse, access: number, file: UsedFile, thread: UsingThread): number;
  /** What is about to be written into `security.ima`; undefined if it could not be read. The errno that it fails with, or 0. */
  inspectAttribute(value: Buffer | undefined, file: UsedFile, thread: UsingThread): number;
  /** The command line that a kernel is to be started with; the errno that the call fails with, or 0. */
  inspectCommandLine(text: Buffer, thread: UsingThread): number;
  /**
   * The same for content that comes out of memory where a file was possible, and for a file that could not be found or, as
   * `how` says, was not as it had been used.
   */
  withoutFile(use: FileUse, thread: UsingThread, how?: "changed" | "gone"): number;
}

/** A regular file that is being used. */
export interface UsedFile {
  /** Canonical path as the task sees it, raw bytes. */
  readonly path: Buffer;
  readonly device: number;
  readonly inode: number;
  readonly uid: number;
  readonly gid: number;
  /** Type and permissions, as in `stat`. */
  readonly mode: number;
  /** When content or attributes changed last, in whole seconds since 1970. */
  readonly changedAt: number;
  /** Differs whenever content or attributes may have changed: device, inode, birth time, change time, size. */
  readonly version: string;
  /**
   * Digest of the content by Node's name of an algorithm. `none`: the kernel makes the content up when it is read;
   * `unknown`: it could not be read, or changed meanwhile.
   */
  digest(algorithm: string): Buffer | "none" | "unknown";
  /** The whole content, if it has no more bytes than `most`; undefined if it could not be read, or changed meanwhile. */
  content(most: number): Buffer | undefined;
  /** An extended attribute; `none` where there is no such one, `unsupported` where the filesystem has none, else an errno. */
  attribute(name: string): Buffer | "none" | "unsupported" | number;
  /** Sets one; 0 or a negative errno. */
  setAttribute(name: string, value: Buffer): number;
  /** The fs-verity digest, with the number of its algorithm (linux/fsverity.h); undefined where the file has none. */
  verity(): { readonly algorithm: number; readonly digest: Buffer } | undefined;
  /** How it was missed, where it is not there any more as it was used: then it has no digest, content or attribute. */
  readonly missed?: "changed" | "gone";
  /** The magic of its filesystem (linux/magic.h). */
  filesystemMagic(): number;
  /** The type of its filesystem, with its subtype after a dot if it has one. */
  filesystemType(): string | undefined;
  /** The UUID of its filesystem, lower case. */
  filesystemUuid(): string | undefined;
}
