/** A used file that is gone or has changed since the BPF programs saw it: only their record describes it. */
import type { UsedFile } from "../inspection.ts";
import { typeByDevice, uuidByDevice } from "../files/sensed-file.ts";
import type { SeenObject } from "./record.ts";

const EIO = 5;

export class MissedFile implements UsedFile {
  readonly missed: "changed" | "gone";
  readonly #seen: SeenObject;
  readonly #tid: number;

  constructor(seen: SeenObject, missed: "changed" | "gone", tid: number) {
    this.#seen = seen;
    this.missed = missed;
    this.#tid = tid;
  }

  get path(): Buffer {
    return this.#seen.path;
  }
  get device(): number {
    return this.#seen.device;
  }
  get inode(): number {
    return Number(this.#seen.inode);
  }
  get uid(): number {
    return this.#seen.uid;
  }
  get gid(): number {
    return this.#seen.gid;
  }
  get mode(): number {
    return this.#seen.mode;
  }
  get changedAt(): number {
    return Number(this.#seen.changedSeconds);
  }
  get version(): string {
    const { device, inode, size, changedSeconds, changedNanoseconds } = this.#seen;
    return `${device} ${inode} ${size} ${changedSeconds} ${changedNanoseconds}`;
  }

  digest(): "unknown" {
    return "unknown";
  }
  content(): undefined {
    return undefined;
  }
  attribute(): number {
    return EIO;
  }
  setAttribute(): number {
    return -EIO;
  }
  verity(): undefined {
    return undefined;
  }
  filesystemMagic(): number {
    return this.#seen.magic;
  }
  filesystemType(): string | undefined {
    return typeByDevice(this.device, this.#tid);
  }
  filesystemUuid(): string | undefined {
    return uuidByDevice(this.device);
  }
}
