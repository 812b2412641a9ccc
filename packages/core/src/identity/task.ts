/**
 * Task identity: what code acts, as a digest over the chain of executables that led to a process.
 *
 *   task = SHA-256( text "isoline iso1 task" ‖ parent task ‖ text path ‖ u32 count ‖ content of each image )
 *
 * path is the canonical, levelled path of the file that was executed. The images are that file, then whatever the kernel
 * loads to run it (the interpreters of a `#!` script, the ELF interpreter). content = u8 1 ‖ 32 bytes SHA-256, or
 * u8 0 ‖ text path where the content cannot be read. Before the first exec in a namespace the task is 32 zero bytes.
 */
import { type Digest, sha256 } from "../digest.ts";

/** A file whose content runs. `digest` is absent where the content cannot be read. */
export interface Image {
  readonly path: string;
  readonly digest?: Digest;
}

/** A task identity with what it was derived from, so that a person can read it. */
export interface Task {
  readonly id: Digest;
  readonly parent: Digest;
  readonly images: readonly [Image, ...Image[]];
}

const DOMAIN = "isoline iso1 task";

/** Derives the identity of a process that executes `images[0]` out of a process of identity `parent`. */
export function deriveTask(parent: Digest, images: readonly [Image, ...Image[]]): Task {
  const parts = [text(DOMAIN), Buffer.from(parent, "hex"), text(images[0].path), u32(images.length)];
  for (const image of images) {
    if (image.digest) parts.push(Buffer.of(1), Buffer.from(image.digest, "hex"));
    else parts.push(Buffer.of(0), text(image.path));
  }
  return { id: sha256(Buffer.concat(parts)), parent, images };
}

/** The short name people know a task by: the last component of its path. */
export function programName(task: Task): string {
  const path = task.images[0].path;
  return path.slice(path.lastIndexOf("/") + 1) || path;
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([u32(bytes.length), bytes]);
}
