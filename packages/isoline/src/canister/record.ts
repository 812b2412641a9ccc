/**
 * Records of live canisters: one file for each, beside the control sockets, by which later calls of the runtime find its
 * supervisor.
 *
 *   canisters/ID@ROOT.json      ROOT: eight digits of the digest of runc's state directory, because IDs are unique only in one
 *   canisters/ID@ROOT.hooks     exists if `start` runs hooks, which belong to the namespace too
 */
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
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
    return this.#paths(".json").map(readRecord).find(Boolean);
  }

  write(record: CanisterRecord, hasHooks: boolean): void {
    const room = join(openControlDirectory(), ROOM);
    mkdirSync(room, { mode: 0o700, recursive: true });
    put(join(room, `${this.#base}.json`), record);
    if (hasHooks) writeFileSync(join(room, `${this.#base}.hooks`), "", { mode: 0o600 });
  }

  remove(): void {
    for (const path of [...this.#paths(".json"), ...this.#paths(".hooks")]) rmSync(path, { force: true });
  }

  #paths(suffix: string): string[] {
    return fitControlDirectories().map((directory) => join(directory, ROOM, this.#base + suffix));
  }
}

/** This process, as a record names it. */
export function thisSupervisor(): CanisterRecord["supervisor"] {
  return { pid: process.pid, started: startTime(process.pid) ?? "" };
}

/** Of a canister whose supervision was lost in a process that lives on: `delete` waits for nothing, and another may take it over. */
export const NO_SUPERVISOR: CanisterRecord["supervisor"] = { pid: 0, started: "" };

/** Notes in the record of a canister what became of it; nothing if that was removed meanwhile. */
export interface RecordNotes {
  ended(how: string): void;
  lost(): void;
}

/**
 * Makes this process the supervisor in the record of a canister whose own has ended: the one with this id, and with a control socket of
 * this name, as names are unique. Returns what notes its end in the record; undefined if there is none.
 */
export function takeOverRecord(id: string, socket: string): RecordNotes | undefined {
  for (const room of fitControlDirectories().map((directory) => join(directory, ROOM)))
    for (const path of existsSync(room) ? readdirSync(room).map((file) => join(room, file)) : []) {
      const record = path.endsWith(".json") ? readRecord(path) : undefined;
      if (record?.id !== id || basename(record.socket) !== basename(socket)) continue;
      if (record.ended !== undefined || isSupervised(record)) continue;
      const taken = { ...record, socket, supervisor: thisSupervisor() };
      const note = (more: Partial<CanisterRecord>) => {
        if (existsSync(path)) put(path, { ...taken, ...more });
      };
      put(path, taken);
      return { ended: (ended) => note({ ended }), lost: () => note({ supervisor: NO_SUPERVISOR }) };
    }
  return undefined;
}

/** Undefined for one that does not exist or is incomplete. */
function readRecord(path: string): CanisterRecord | undefined {
  try {
    const record = JSON.parse(readFileSync(path, "utf8")) as Partial<CanisterRecord>;
    return record.isoline === 1 && typeof record.supervisor?.pid === "number" ? (record as CanisterRecord) : undefined;
  } catch {
    return undefined;
  }
}

/** Renamed into place, so that a reader finds all of it or nothing. */
function put(path: string, record: CanisterRecord): void {
  const aside = `${path}.${process.pid}`;
  writeFileSync(aside, `${JSON.stringify(record)}\n`, { mode: 0o600 });
  renameSync(aside, path);
}

/** Whether its supervisor is running. A process that got the number later has another start time. */
export function isSupervised({ supervisor: { pid, started } }: CanisterRecord): boolean {
  return startTime(pid) === started && !hasEnded(pid);
}
