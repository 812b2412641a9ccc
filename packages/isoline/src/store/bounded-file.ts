/** Reads small files from any source: regular, of a bounded size and, where it matters, not through a symbolic link. */
import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { CliError } from "../error.ts";

const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = constants;

export type Links = "follow" | "refuse";

/** A description of another kind of file, as the end of "found …". */
export class Unfit {
  readonly found: string;
  constructor(found: string) {
    this.found = found;
  }
}

/** Opens a regular file for reading, or describes what was found instead. Does not block on a pipe. */
export function openRegular(path: string, links: Links): { readonly fd: number; readonly size: number } | Unfit {
  let fd: number;
  try {
    fd = openSync(path, O_RDONLY | O_NONBLOCK | (links === "refuse" ? O_NOFOLLOW : 0));
  } catch (fault) {
    const { code } = fault as NodeJS.ErrnoException;
    return new Unfit(wordsFor[code ?? ""] ?? (fault as Error).message);
  }
  const stat = fstatSync(fd);
  if (stat.isFile()) return { fd, size: stat.size };
  closeSync(fd);
  return new Unfit(stat.isDirectory() ? "a directory" : "no regular file");
}

const wordsFor: Readonly<Record<string, string>> = { ENOENT: "nothing", ELOOP: "a symbolic link" };

const PIECE = 1 << 16;

/**
 * The bytes of an open file to its end, in pieces that are valid until the next one. The file is closed at the end, or when the
 * caller stops.
 */
export function* piecesOf(fd: number): Generator<Uint8Array> {
  const bytes = Buffer.alloc(PIECE);
  try {
    for (let got = readSync(fd, bytes); got > 0; got = readSync(fd, bytes)) yield bytes.subarray(0, got);
  } finally {
    closeSync(fd);
  }
}

/** The whole of a regular file up to a size; `expected` describes it in the error message. */
export function readRegular(path: string, most: number, expected: string): Buffer {
  const opened = openRegular(path, "follow");
  if (opened instanceof Unfit)
    throw new CliError("cannot-read", `${path}: expected ${expected}, found ${opened.found}; name a file`);
  return readOpened(opened.fd, path, most, expected);
}

/** The same for an open file, which is closed. Kernel files report no size, and others may grow: the bytes that are read count. */
export function readOpened(fd: number, path: string, most: number, expected: string): Buffer {
  const pieces: Buffer[] = [];
  let size = 0;
  for (const piece of piecesOf(fd)) {
    size += piece.length;
    if (size > most)
      throw new CliError(
        "cannot-read",
        `${path}: expected ${expected} of at most ${most} bytes, found more; name another file`,
      );
    pieces.push(Buffer.from(piece));
  }
  return Buffer.concat(pieces, size);
}

/** The whole of a small file, or a description of what was found instead. */
export function readBounded(path: string, most: number, links: Links): Buffer | Unfit {
  const opened = openRegular(path, links);
  if (opened instanceof Unfit) return opened;
  try {
    // It may grow while it is read.
    const bytes = Buffer.alloc(Math.min(opened.size, most) + 1);
    let length = 0;
    for (let got = -1; got !== 0 && length < bytes.length; length += got)
      got = readSync(opened.fd, bytes, length, bytes.length - length, null);
    return length === bytes.length ? new Unfit(`more than ${bytes.length - 1} bytes`) : bytes.subarray(0, length);
  } finally {
    closeSync(opened.fd);
  }
}
