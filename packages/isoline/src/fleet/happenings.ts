/**
 * Whether something happened on this node that a verifier is to know at once: a record in the ledger (a birth, a first departure, a loss,
 * an end), a departure in a journal, a control socket that came, went or was touched. The kernel tells of it (inotify); nothing is polled.
 *
 * A workload decides how much happens, so its verifier is not told more often than each second at first, and each ten at the most.
 */
import { closeSync, constants, type FSWatcher, fstatSync, mkdirSync, openSync, statSync, watch } from "node:fs";
import { CliError } from "../error.ts";
import { openPlaces } from "../control/place.ts";

/** What belongs together comes together. */
const SETTLING_MS = 30;
const FIRST_GAP_MS = 1000;
const MOST_GAP_MS = 10_000;
/** After this long without anything the gap is short again. */
const QUIET_MS = 30_000;

export class Happenings {
  readonly #ledgers: string | undefined;
  readonly #watched = new Map<string, Watched>();
  #happened = false;
  #wake: (() => void) | undefined;
  #gap = FIRST_GAP_MS;
  #lastAt = Number.NEGATIVE_INFINITY;

  /** `ledgers` is the directory of the ledgers; undefined where there is no TPM. */
  constructor(ledgers: string | undefined) {
    this.#ledgers = ledgers;
    try {
      this.#look();
    } catch (fault) {
      this.close();
      throw fault;
    }
  }

  /** Waits until something happened and may be told, or so many milliseconds. True if something happened. */
  async next(ms: number, signal: AbortSignal): Promise<boolean> {
    // What happened there before it was watched was not seen.
    if (this.#look()) this.#happened = true;
    const until = performance.now() + ms;
    await this.#waits(until, signal);
    if (!this.#happened || signal.aborted) return false;
    const at = Math.max(performance.now() + SETTLING_MS, this.#lastAt + this.#gap);
    await this.#sleeps(Math.min(at, Math.max(until, performance.now())) - performance.now(), signal);
    if (performance.now() < at && performance.now() < until) return false;
    const quiet = performance.now() - this.#lastAt > QUIET_MS;
    this.#gap = quiet ? FIRST_GAP_MS : Math.min(MOST_GAP_MS, this.#gap * 2);
    this.#lastAt = performance.now();
    this.#happened = false;
    return true;
  }

  close(): void {
    for (const watched of this.#watched.values()) watched.close();
    this.#watched.clear();
  }

  /** Watches what is not watched yet: the directory of a session comes with it, and goes with it. True if there was any. */
  #look(): boolean {
    const places = [...openPlaces(), ...(this.#ledgers === undefined ? [] : [this.#ledgers])];
    if (this.#ledgers !== undefined) makeLedgers(this.#ledgers);
    for (const [place, watched] of this.#watched) {
      if (places.includes(place) && watched.isAt(place)) continue;
      watched.close();
      this.#watched.delete(place);
    }
    const found = places.filter((place) => !this.#watched.has(place));
    for (const place of found) this.#watch(place);
    return found.length > 0;
  }

  #watch(place: string): void {
    try {
      this.#watched.set(place, new Watched(place, () => this.#note()));
    } catch (fault) {
      // The session ended just now.
      if ((fault as NodeJS.ErrnoException).code !== "ENOENT") throw fault;
    }
  }

  #note(): void {
    this.#happened = true;
    this.#wake?.();
  }

  #waits(until: number, signal: AbortSignal): Promise<void> {
    if (this.#happened) return Promise.resolve();
    return this.#sleeps(until - performance.now(), signal, (wake) => {
      this.#wake = wake;
    });
  }

  #sleeps(ms: number, signal: AbortSignal, wakes: (wake: () => void) => void = () => {}): Promise<void> {
    if (signal.aborted || ms <= 0) return Promise.resolve();
    return new Promise((resolve) => {
      const over = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", over);
        this.#wake = undefined;
        resolve();
      };
      const timer = setTimeout(over, ms);
      signal.addEventListener("abort", over);
      wakes(over);
    });
  }
}

function makeLedgers(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (fault) {
    throw new CliError("cannot-write", `${(fault as Error).message}; name a directory of this user's by --tpm-ledger`);
  }
}

/** A directory that is watched. It is held open, so that one of the same name that came later has another inode. */
class Watched {
  readonly #fd: number;
  readonly #watcher: FSWatcher;

  constructor(place: string, note: () => void) {
    this.#fd = openSync(place, constants.O_RDONLY | constants.O_DIRECTORY);
    try {
      this.#watcher = watch(place, { persistent: false }, note);
    } catch (fault) {
      closeSync(this.#fd);
      throw fault;
    }
  }

  isAt(place: string): boolean {
    const [held, there] = [fstatSync(this.#fd), statSync(place, { throwIfNoEntry: false })];
    return held.dev === there?.dev && held.ino === there.ino;
  }

  close(): void {
    this.#watcher.close();
    closeSync(this.#fd);
  }
}
