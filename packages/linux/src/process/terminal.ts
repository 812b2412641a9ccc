/** The state of a terminal, read without opening it as a stream: Node would make the descriptor non-blocking. */
import { getpgrp, ioctl } from "../abi/libc.ts";

/** asm-generic/ioctls.h, asm-generic/termbits.h; x86-64 and arm64 agree. */
const TCGETS = 0x5401;
const TIOCGPGRP = 0x540f;
const TIOCGWINSZ = 0x5413;
const LFLAG_AT = 12;
const ICANON = 2;

export interface TerminalSize {
  readonly columns: number;
  readonly rows: number;
}

/** Size of the terminal behind a descriptor; undefined if it is not a terminal or the size is unknown. */
export function terminalSize(fd: number): TerminalSize | undefined {
  const size = Buffer.alloc(8);
  if (ioctl(fd, TIOCGWINSZ, size) < 0) return undefined;
  const [rows, columns] = [size.readUInt16LE(0), size.readUInt16LE(2)];
  return rows > 0 && columns > 0 ? { columns, rows } : undefined;
}

/** Whether a program has taken over the terminal: an editor, a pager or a line editor that draws the line it reads. */
export function isTerminalRaw(fd: number): boolean {
  const termios = Buffer.alloc(64);
  return ioctl(fd, TCGETS, termios) >= 0 && (termios.readUInt32LE(LFLAG_AT) & ICANON) === 0;
}

/** Whether this process belongs to the foreground process group of the terminal. */
export function ownsTerminal(fd: number): boolean {
  const group = Buffer.alloc(4);
  return ioctl(fd, TIOCGPGRP, group) >= 0 && group.readInt32LE(0) === getpgrp();
}
