/**
 * What one namespace has of the digests that its process shares (`SharedDigests`).
 *
 * A digest is found only by a namespace that itself proved, at that moment, that no process can write to this version of the file
 * (`writers.ts`), as the namespace proved that kept it. So content is known as it is within one namespace, and only the work of
 * hashing is saved. What is more, a file takes part only
 *
 *   - on a file system that the kernel keeps on a block device; of an overlay, the file of a layer that it shows;
 *   - if it belongs to root and no other user can write to it, nor to a directory on a way to it that this process can follow itself.
 */
import { realpathSync } from "node:fs";
import type { Digest } from "@isoline/core/digest";
import { terminated } from "../../abi/bytes.ts";
import { close, ioctl } from "../../abi/libc.ts";
import type { Stat } from "../../abi/stat.ts";
import { Found } from "./found.ts";
import { OverlayLayers } from "./overlay-layers.ts";
import { withReadable } from "./reading.ts";
import { isRootAlone, topOfRootsWay } from "./root-alone.ts";
import { KEY_BYTES, type SharedDigests } from "./shared-digests.ts";
import { isOnDisk, isOverlay, WriterSearch } from "./writers.ts";

/** `_IOR('v', 1, long)` (linux/fs.h): the generation of an inode, which differs when its number is used again. */
const FS_IOC_GETVERSION = 0x8008_7601;
const GENERATION_AT = 48;
const HAS_GENERATION_AT = 52;
/** A smaller file is hashed as fast as it is found. */
const SMALLEST = 65_536;
/** Beyond it a namespace keeps nothing more: one that changes its programs all the time pushes out few of others. */
const MOST_KEPT = 1024;

/** A file whose digest may be shared. */
interface Shareable {
  readonly key: Buffer;
  readonly stat: Stat;
  /** Paths that may lead to it. */
  readonly names: readonly Buffer[];
}

export class NodeDigests {
  readonly #shared: SharedDigests;
  readonly #root: Buffer;
  readonly #layers: OverlayLayers | undefined;
  readonly #writers = new WriterSearch();
  #kept = 0;

  /** `root`: the root directory of a container, as this process sees it. */
  constructor(shared: SharedDigests, root: string | undefined) {
    const real = root === undefined ? "" : realOf(root);
    this.#shared = shared;
    this.#root = Buffer.from(real);
    this.#layers = real === "" ? undefined : new OverlayLayers(real);
  }

  /** What is shared of a file that was opened as `readable`; undefined if nothing is. */
  of(readable: number, found: Found): Shareable | undefined {
    if (found.stat.size < SMALLEST) return undefined;
    if (isOverlay(found.filesystem)) return this.#ofLayer(found);
    const { path, standing } = found;
    const inRoot = this.#root.length > 0 ? [Buffer.concat([this.#root, path])] : [];
    return shareable(readable, found, standing === "here" ? [...inRoot, Buffer.from(path)] : []);
  }

  find({ key }: Shareable): Digest | undefined {
    return this.#shared.find(key);
  }

  /** Keeps a digest for the other namespaces, if a way leads to the file that only root can change. */
  keep({ key, stat, names }: Shareable, digest: Digest): void {
    if (this.#kept === MOST_KEPT) return;
    for (const name of names) {
      const top = topOfRootsWay(name, stat);
      if (top === undefined) continue;
      this.#kept += 1;
      this.#shared.keep(key, digest, stat.device, terminated(`/proc/self/fd/${top}`));
      close(top);
      return;
    }
  }

  /** On an overlay: the file of a layer that it shows. A mapping for writing holds that one, so the proof is about it as well. */
  #ofLayer(found: Found): Shareable | undefined {
    const layer = new Found();
    try {
      const path = this.#layers?.behind(found, layer);
      if (path === undefined) return undefined;
      return withReadable(layer.fd, (opened) =>
        this.#writers.of(opened, layer.stat) === "none" ? shareable(opened, layer, [path]) : undefined,
      );
    } finally {
      layer.close();
    }
  }
}

function shareable(readable: number, { stat, filesystem }: Found, names: readonly Buffer[]): Shareable | undefined {
  if (!stat.isOnBlockDevice || !isOnDisk(filesystem) || !isRootAlone(stat)) return undefined;
  const key = Buffer.alloc(KEY_BYTES);
  stat.putVersion(key, 0);
  const generation = Buffer.alloc(8);
  if (ioctl(readable, FS_IOC_GETVERSION, generation) < 0) return { key, stat, names };
  generation.copy(key, GENERATION_AT, 0, 4);
  key.writeUInt32LE(1, HAS_GENERATION_AT);
  return { key, stat, names };
}

function realOf(root: string): string {
  try {
    return realpathSync(root);
  } catch {
    return "";
  }
}
