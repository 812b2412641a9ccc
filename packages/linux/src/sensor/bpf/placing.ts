/**
 * Where an object lies in the view of the launch, by where it lies in its file system: the kernel tells both paths, so nothing is
 * looked for, and it is the same whether the object or its process are still there.
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
    // What the workload mounts itself is none of it.
    this.#view.freeze();
  }

  originOf(path: Buffer, device: number, place: Buffer): Origin | undefined {
    const seen = path.toString("latin1");
    // The root of a file system has a slash for its name, and each name one in front.
    const inside = place.toString("latin1").slice(2) || "/";
    const shown = place.length === 0 ? undefined : this.#view.pathOf(device, inside, seen);
    if (shown === seen) return undefined;
    return shown === undefined ? { directory: UNKNOWN, rest: path.length } : originAt(seen, shown);
  }

  close(): void {
    this.#view.close();
  }
}
