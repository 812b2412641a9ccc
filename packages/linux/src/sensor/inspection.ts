/**
 * The interface for an inspector of files: the sensor presents each file at the moment it is used, and the inspector may refuse
 * the use.
 *
 * An event says which file was used; an integrity view also needs its content and attributes. It reads them through the same
 * descriptor that the verdict is based on, so that both are about the same file.
 */
import type { Credentials } from "@isoline/core/event";
import type { ActingThread } from "./acting.ts";

/** How a file is used; one call may use several files in several ways. */
export type FileUse =
  | "open"
  | "exec"
  | "credentials"
  | "map"
  /** A mapping that exists already becomes executable. */
  | "protect"
  | "module"
  | "kexec-kernel"
  | "kexec-initramfs";

/** The process that uses a file. */
export interface UsingThread extends ActingThread {
  readonly credentials: Credentials;
}

export interface FileInspector {
  /** False while the inspector has nothing to inspect: then it is not called. */
  readonly active: boolean;
  /** Whether it may refuse a use; otherwise it only records it. */
  readonly mayRefuse: boolean;
  /**
   * Called before the use is decided, while the task waits. `access` are MAY_ bits (1 execute, 2 write, 4 read, 8 append). The
   * file is valid during the call only. Returns 0, or the errno that the use fails with.
   */
  inspect(use: FileUse, access: number, file: UsedFile, thread: UsingThread): number;
  /** The value about to be written into `security.ima`; undefined if it could not be read. Returns the errno to fail with, or 0. */
  inspectAttribute(value: Buffer | undefined, file: UsedFile, thread: UsingThread): number;
  /** The command line of the kernel that kexec loads; returns the errno that the call fails with, or 0. */
  inspectCommandLine(text: Buffer, thread: UsingThread): number;
  /**
   * The same for content passed in memory instead of a file, and for a file that could not be found or, as `how` says, had
   * changed since it was used.
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
  /** The last change of content or attributes, in whole seconds since 1970. */
  readonly changedAt: number;
  /** Differs whenever content or attributes may have changed: device, inode, birth time, change time, size. */
  readonly version: string;
  /**
   * Digest of the content, by Node's name of an algorithm. `none`: the kernel generates the content when it is read; `unknown`:
   * it could not be read, or changed meanwhile.
   */
  digest(algorithm: string): Buffer | "none" | "unknown";
  /** The whole content, if it is not larger than `most`; undefined if it could not be read or changed meanwhile. */
  content(most: number): Buffer | undefined;
  /** An extended attribute; `none` if it does not exist, `unsupported` if the file system has no attributes, otherwise an errno. */
  attribute(name: string): Buffer | "none" | "unsupported" | number;
  /** Sets an attribute; 0 or a negative errno. */
  setAttribute(name: string, value: Buffer): number;
  /** The fs-verity digest, with the number of its algorithm (linux/fsverity.h); undefined if the file has none. */
  verity(): { readonly algorithm: number; readonly digest: Buffer } | undefined;
  /** Why the file that was used cannot be read any more, if so: then it has no digest, content or attribute. */
  readonly missed?: "changed" | "gone";
  /** The magic of its file system (linux/magic.h). */
  filesystemMagic(): number;
  /** The type of its file system, followed by a dot and the subtype if it has one. */
  filesystemType(): string | undefined;
  /** The UUID of its file system, lower case. */
  filesystemUuid(): string | undefined;
}
