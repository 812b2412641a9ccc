/**
 * The path of an object in the view of the launch, from its place in its file system. The kernel reports both paths, so no
 * file is looked up, and the result is the same whether or not the object and its process still exist.
 */
import { AT_FDCWD } from "../../abi/stat.ts";
import type { Origin } from "../files/found.ts";
import { originAt } from "../files/origin.ts";
import { View } from "../files/view.ts";
import type { Placing } from "./record.ts";

const UNKNOWN = "unknown";

export class LaunchView implements Placing {
  readonly #view = new View(AT_FDCWD, "/proc/self/mountinfo");

  constructor() {
    // Mounts of the workload itself are not part of it.
    this.#view.freeze();
  }

  originOf(path: Buffer, device: number, place: Buffer): Origin | undefined {
    const seen = path.toString("latin1");
    // The root of a file system is named by a slash, and each name follows one.
    const inside = place.toString("latin1").slice(2) || "/";
    const shown = place.length === 0 ? undefined : this.#view.pathOf(device, inside, seen);
    if (shown === seen) return undefined;
    return shown === undefined ? { directory: UNKNOWN, rest: path.length } : originAt(seen, shown);
  }

  close(): void {
    this.#view.close();
  }
}
