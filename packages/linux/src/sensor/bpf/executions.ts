/** What an exec runs: the files that the BPF programs reported earlier, by their keys. */
import type { Digest } from "@isoline/core/digest";
import type { Image } from "@isoline/core/identity";
import { type Content, digestField, isMissed } from "../files/content.ts";
import { isStored, type SeenContent } from "./content.ts";
import { pathTextOf } from "./objects.ts";
import { fates, type Record, type SeenObject } from "./record.ts";

export const KEY_BYTES = 16;
/** `MAX_IMAGES` in `bpf/record.h`. */
const MOST_LOADED = 8;
const DIGEST_BYTES = 32;
/** More than a tick of the coarsest clock (10 ms at 100 Hz), which times of change use before Linux 6.13. */
const TICK_MS = 20;
/**
 * More files than the BPF programs remember to have reported (`images` in `bpf/maps.h`), unless their paths are long. Of one that is
 * forgotten here the programs are told, so that they report it again.
 */
const MOST_BYTES = 64 * 2 ** 20;
/** What a file takes beside its path, which is kept as bytes, and as text where its content was missed. */
const FILE_BYTES = 512;

/** A file that the kernel checked for execution. */
export interface SeenImage {
  readonly seen: SeenObject;
  readonly content: Content;
  /** It was opened by the kernel to load a program, and does not run by itself. */
  readonly isLoader: boolean;
  /** It was read so soon after its last change that another change may have left the same times. */
  readonly isFresh: boolean;
  /** No exec has taken its content yet: it was read when the programs told of it, as one was about to run it. */
  readonly isForNext: boolean;
}

/** The files of one exec: the one that was named, then its loaders. */
export type Loaded = readonly [SeenImage, ...SeenImage[]];

export class Executions {
  readonly #content: SeenContent;
  readonly #onForgotten: (key: Buffer) => void;
  readonly #mostBytes: number;
  /** By key, those that were not used for long first. */
  readonly #images = new Map<string, SeenImage>();
  #bytes = 0;
  readonly #clock = new Int32Array(new SharedArrayBuffer(4));

  /** `onForgotten` is called with the key of a file for which there is no room any more. */
  constructor(content: SeenContent, onForgotten: (key: Buffer) => void, mostBytes = MOST_BYTES) {
    this.#content = content;
    this.#onForgotten = onForgotten;
    this.#mostBytes = mostBytes;
  }

  /** Notes a file, and reads its content while it exists. */
  note(record: Record): void {
    const seen = record.object(0);
    this.#keep(record.key.toString("latin1"), {
      seen,
      isLoader: record.argument(0) !== 0,
      isFresh: isFresh(seen),
      isForNext: true,
      content: vouchedIn(record, seen) ?? this.#content.of(seen, record.pid),
    });
  }

  /** The files that an exec loads; undefined if one was not reported. */
  of(record: Record): Loaded | undefined {
    const { rest } = record;
    const keys = Array.from({ length: Math.min(record.argument(0), MOST_LOADED) }, (_, index) =>
      rest.toString("latin1", index * KEY_BYTES, (index + 1) * KEY_BYTES),
    );
    const images = keys.map((key) => this.#images.get(key));
    if (images.length === 0 || !images.every((image) => image !== undefined)) return undefined;
    for (const [index, image] of images.entries()) this.#keep(keys[index] as string, image);
    if (record.fate === fates.held && images.some(({ isFresh }) => isFresh)) this.#settle(images, keys, record.pid);
    return keys.map((key) => this.#upToDate(this.#images.get(key) as SeenImage, key, record)) as unknown as Loaded;
  }

  /** Reads again what was read too early, when the next change will show. A held task makes its call anew, with the files of then. */
  #settle(images: readonly SeenImage[], keys: readonly string[], pid: number): void {
    const waits = images.map(({ isFresh, seen }) => (isFresh ? TICK_MS - ageOf(seen) : 0));
    Atomics.wait(this.#clock, 0, 0, Math.min(TICK_MS, Math.max(0, ...waits)));
    for (const [index, image] of images.entries()) if (image.isFresh) this.#again(image, keys[index] as string, pid);
  }

  /**
   * Read again where it may have changed without a new version, or could not be read. The programs report a file once: the process that
   * it was reported of may have ended before, or its exec may have failed, and the file was altered since. An exec that is held can be
   * read for. One that went on may be over, so that there is nothing left to read: it takes what was read for it.
   */
  #upToDate(image: SeenImage, key: string, { fate, pid }: Record): SeenImage {
    const { remark } = image.content;
    if (!this.#content.versionsTell || (remark !== undefined && isMissed(remark))) return this.#again(image, key, pid);
    if (remark?.what === "ima" || !this.#content.mayLeaveNoTrace(image.seen)) return image;
    const current = image.isForNext && fate !== fates.held ? image : this.#again(image, key, pid);
    this.#keep(key, { ...current, isForNext: false });
    return current;
  }

  #again(image: SeenImage, key: string, pid: number): SeenImage {
    const again = { ...image, content: this.#content.of(image.seen, pid), isFresh: isFresh(image.seen) };
    this.#keep(key, again);
    return again;
  }

  #keep(key: string, image: SeenImage): void {
    this.#drop(key);
    this.#images.set(key, image);
    this.#bytes += bytesOf(image);
    for (const oldest of this.#images.keys()) {
      if (this.#bytes <= this.#mostBytes) return;
      this.#drop(oldest);
      this.#onForgotten(Buffer.from(oldest, "latin1"));
    }
  }

  #drop(key: string): void {
    const image = this.#images.get(key);
    if (image === undefined) return;
    this.#images.delete(key);
    this.#bytes -= bytesOf(image);
  }
}

function bytesOf({ seen }: SeenImage): number {
  return FILE_BYTES + 2 * seen.path.length;
}

/** Milliseconds since the last change; less than 0 where the clock was set back. */
function ageOf({ changedSeconds, changedNanoseconds }: SeenObject): number {
  return Date.now() - (Number(changedSeconds) * 1000 + changedNanoseconds / 1e6);
}

function isFresh(seen: SeenObject): boolean {
  return ageOf(seen) < TICK_MS;
}

/** The digest that the kernel computed itself, if it did. */
function vouchedIn({ rest }: Record, seen: SeenObject): Content | undefined {
  if (rest.length !== DIGEST_BYTES || !isStored(seen)) return undefined;
  const digest = rest.toString("hex") as Digest;
  return { digest, remark: { what: "ima", path: pathTextOf(seen), digest: `sha256:${digest}` } };
}

/** A file as a task identity names it. */
export function imageOf({ seen, content }: SeenImage): Image {
  return { path: pathTextOf(seen), ...digestField(content) };
}
