/**
 * The controlling terminal of this process, borrowed from the job that has it to ask its user one question.
 *
 * The workload shares this terminal. While it is borrowed, the workload must not run (`Standstill`): it could draw over the question.
 * What was typed before belongs to the workload and is thrown away, so that it is not taken for an answer.
 */
import { closeSync, constants, openSync, readSync, writeSync } from "node:fs";
import { getpgrp, ioctl, pollNow, sigaction } from "../abi/libc.ts";
import { ignoreSignal } from "./child.ts";

/** asm-generic/ioctls.h, asm-generic/termbits.h; x86-64 and arm64 agree. */
const TCGETS = 0x5401;
const TCSETS = 0x5402;
const TCFLSH = 0x540b;
const TIOCGPGRP = 0x540f;
const TIOCSPGRP = 0x5410;
const TCIFLUSH = 0;
const TERMIOS = 64;
/** Offsets of c_iflag, c_oflag, c_lflag and c_cc in `struct termios`, and the flags used here. */
const at = { input: 0, output: 4, local: 12, characters: 17 } as const;
const ICRNL = 0o400;
const OPOST = 0o1;
const ONLCR = 0o4;
const NOT_WHILE_ASKING = 0o1 | 0o2 | 0o10; // ISIG, ICANON, ECHO
const VTIME = 5;
const VMIN = 6;
const POLLIN = 1;
const SIGTTOU = 22;
/** `struct sigaction` of the C library. */
const SIGACTION = 152;

export class OwnTerminal {
  readonly #fd: number;
  #before: { readonly modes: Buffer; readonly group: number } | undefined;

  private constructor(fd: number) {
    this.#fd = fd;
  }

  /** Undefined if this process has no controlling terminal. */
  static open(): OwnTerminal | undefined {
    try {
      return new OwnTerminal(openSync("/dev/tty", constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK));
    } catch {
      return undefined;
    }
  }

  /** The process group that has the terminal; 0 if there is none. */
  get foreground(): number {
    const group = Buffer.alloc(4);
    return ioctl(this.#fd, TIOCGPGRP, group) < 0 ? 0 : group.readInt32LE(0);
  }

  /** Takes the terminal from the job that has it, and has it hand over each key as it is pressed. False if that is not possible. */
  borrow(): boolean {
    const modes = Buffer.alloc(TERMIOS);
    if (ioctl(this.#fd, TCGETS, modes) < 0) return false;
    const group = this.foreground;
    if (!undisturbed(() => this.#give(getpgrp()) && ioctl(this.#fd, TCSETS, whileAsking(modes)) >= 0)) {
      undisturbed(() => this.#give(group));
      return false;
    }
    this.#before = { modes, group };
    this.forgetInput();
    return true;
  }

  /** Gives it back as it was. What was typed meanwhile is thrown away. */
  giveBack(): void {
    if (this.#before === undefined) return;
    const { modes, group } = this.#before;
    this.#before = undefined;
    this.forgetInput();
    undisturbed(() => {
      ioctl(this.#fd, TCSETS, modes);
      if (group > 0) this.#give(group);
    });
  }

  /** Throws away what was typed and not read. */
  forgetInput(): void {
    ioctl(this.#fd, TCFLSH, TCIFLUSH);
  }

  /** What was typed, without waiting; undefined if the terminal is gone. */
  typed(): string | undefined {
    if (pollNow(this.#fd, POLLIN) <= 0) return "";
    const keys = Buffer.alloc(256);
    try {
      const length = readSync(this.#fd, keys);
      return length === 0 ? undefined : keys.toString("latin1", 0, length);
    } catch (fault) {
      return (fault as NodeJS.ErrnoException).code === "EAGAIN" ? "" : undefined;
    }
  }

  /** Writes as much as the terminal takes; false if it takes nothing. */
  show(text: string): boolean {
    const bytes = Buffer.from(text);
    try {
      for (let from = 0; from < bytes.length; ) from += writeSync(this.#fd, bytes, from);
      return true;
    } catch {
      return false;
    }
  }

  close(): void {
    this.giveBack();
    closeSync(this.#fd);
  }

  #give(group: number): boolean {
    const number = Buffer.alloc(4);
    number.writeInt32LE(group, 0);
    return ioctl(this.#fd, TIOCSPGRP, number) >= 0;
  }
}

/** A job in the background that changes its terminal gets SIGTTOU, unless it ignores it. */
function undisturbed<T>(change: () => T): T {
  const previous = Buffer.alloc(SIGACTION);
  sigaction(SIGTTOU, null, previous);
  ignoreSignal(SIGTTOU);
  try {
    return change();
  } finally {
    sigaction(SIGTTOU, previous, null);
  }
}

/** No line editing, no echo and no signals from keys; lines end as usual. */
function whileAsking(modes: Buffer): Buffer {
  const asking = Buffer.from(modes);
  asking.writeUInt32LE(modes.readUInt32LE(at.input) | ICRNL, at.input);
  asking.writeUInt32LE(modes.readUInt32LE(at.output) | OPOST | ONLCR, at.output);
  asking.writeUInt32LE(modes.readUInt32LE(at.local) & ~NOT_WHILE_ASKING, at.local);
  asking[at.characters + VMIN] = 1;
  asking[at.characters + VTIME] = 0;
  return asking;
}
