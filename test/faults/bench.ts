/**
 * A directory for one fault, with the compiled command line in it. If root runs the tests, the workload and its supervisor run
 * as an ordinary user, as they usually do.
 */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NOBODY } from "../sensor/case.ts";
import { type Ended, isoline, readReport, type Report, type Start } from "../support/isoline.ts";
import { isRoot } from "../support/machine.ts";

export class Bench {
  readonly directory: string;
  readonly uid: number | undefined = isRoot ? NOBODY : undefined;

  constructor(parent = tmpdir()) {
    this.directory = mkdtempSync(join(parent, "isoline-faults-"));
    chmodSync(this.directory, 0o755);
    this.#own(this.directory);
    this.write("data", "data\n");
  }

  at(path: string): string {
    return join(this.directory, path);
  }

  write(path: string, content: string | Uint8Array): void {
    writeFileSync(this.at(path), content);
    this.#own(this.at(path));
  }

  has(path: string): boolean {
    return existsSync(this.at(path));
  }

  read(path: string): string {
    return readFileSync(this.at(path), "utf8");
  }

  remove(path: string): void {
    rmSync(this.at(path), { recursive: true, force: true });
  }

  /** Names of files with this prefix. */
  named(prefix: string): readonly string[] {
    return readdirSync(this.directory).filter((name) => name.startsWith(prefix));
  }

  /** Runs isoline here. The words are separated by spaces; the command after the dashes is a separate argument. */
  run(words: string, command: readonly string[] = [], start: Partial<Start> = {}): Promise<Ended> {
    const dashes = command.length > 0 ? ["--", ...command] : [];
    return isoline([...words.split(" "), ...dashes], { cwd: this.directory, uid: this.uid, ...start });
  }

  report(name = "report.json"): Report {
    return readReport(this.directory, name);
  }

  clear(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  #own(path: string): void {
    if (this.uid !== undefined) chownSync(path, this.uid, this.uid);
  }
}

export const shell = (script: string): readonly string[] => ["/bin/sh", "-c", script];

/** Waits until the condition holds; a test that waits in vain ends by its own time limit. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(10);
}

export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** SECCOMP_IOCTL_NOTIF_RECV (linux/seccomp.h) at one listener, or poll at several: call, descriptor, request. */
const WAITS = /^(?:16 0x\w+ 0xc0502100|7) /;

/** The thread of a process that waits for calls to decide, as soon as it does. */
export async function supervisingThread(pid: number): Promise<string> {
  for (;;) {
    const waits = readdirSync(`/proc/${pid}/task`).find((tid) =>
      WAITS.test(readFileSync(`/proc/${pid}/task/${tid}/syscall`, "latin1")),
    );
    if (waits !== undefined) return waits;
    await pause(10);
  }
}
