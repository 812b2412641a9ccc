/**
 * Records of live canisters: one file for each, beside the control sockets, by which later calls of the runtime find its
 * supervisor.
 *
 *   canisters/ID@ROOT.json      ROOT: eight digits of the digest of runc's state directory, because IDs are unique only in one
 *   canisters/ID@ROOT.hooks     exists if `start` runs hooks, which belong to the namespace too
 */
import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { sha256 } from "@isoline/core/digest";
import { hasEnded, startTime } from "@isoline/linux";
import type { SensorName } from "../namespace/plan.ts";
import { fitControlDirectories, openControlDirectory } from "../control/place.ts";

export interface CanisterRecord {
  readonly isoline: 1;
  readonly id: string;
  /** Path of the control socket. */
  readonly socket: string;
  readonly supervisor: { readonly pid: number; readonly started: string };
  readonly contour: string;
  readonly mode: string;
  readonly sensor: SensorName;
  /** `undefined` while it runs; afterwards how it ended, in one line. */
  readonly ended?: string;
}

const ROOM = "canisters";

export class Records {
  readonly #base: string;

  constructor(id: string, root: string) {
    this.#base = `${id}@${sha256(Buffer.from(root)).slice(0, 8)}`;
  }

  /** The record, in whichever directory it is; undefined if there is none. */
  find(): CanisterRecord | undefined {
    for (const path of this.#paths(".json")) {
      try {
        const record = JSON.parse(readFileSync(path, "utf8")) as Partial<CanisterRecord>;
        if (record.isoline === 1 && typeof record.supervisor?.pid === "number") return record as CanisterRecord;
      } catch {
        // It does not exist or is incomplete: try the next directory.
      }
    }
    return undefined;
  }

  /** Renamed into place, so that a reader finds all of it or nothing. */
  write(record: CanisterRecord, hasHooks: boolean): void {
    const room = join(openControlDirectory(), ROOM);
    mkdirSync(room, { mode: 0o700, recursive: true });
    const path = join(room, `${this.#base}.json`);
    const aside = `${path}.${process.pid}`;
    writeFileSync(aside, `${JSON.stringify(record)}\n`, { mode: 0o600 });
    renameSync(aside, path);
    if (hasHooks) writeFileSync(join(room, `${this.#base}.hooks`), "", { mode: 0o600 });
  }

  remove(): void {
    for (const path of [...this.#paths(".json"), ...this.#paths(".hooks")]) rmSync(path, { force: true });
  }

  #paths(suffix: string): string[] {
    return fitControlDirectories().map((directory) => join(directory, ROOM, this.#base + suffix));
  }
}

/** Whether its supervisor is running. A process that got the number later has another start time. */
export function isSupervised({ supervisor: { pid, started } }: CanisterRecord): boolean {
  return startTime(pid) === started && !hasEnded(pid);
}
