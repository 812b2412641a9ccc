/**
 * The names that the contour itself permits to be created, removed or replaced. Landlock ties a right to the inode that has the
 * name at launch, so rights on a name that may later belong to another file are given to its directory.
 */
import type { Event } from "@isoline/core/event";
import { CACHE, OUTPUT, STATE } from "@isoline/core/identity";
import { directoryOf, type RealPath, type RealPaths } from "./real-path.ts";
import type { Spot } from "./rules.ts";

export class ChangingNames {
  /** Names that may be removed or replaced. */
  readonly #gone = new Set<string>();
  /** Names that may be created where nothing existed. */
  readonly #made = new Set<string>();
  readonly #paths: RealPaths;

  constructor(paths: RealPaths) {
    this.#paths = paths;
  }

  /** Records the effect of an event on names. */
  note(event: Event): void {
    switch (event.op) {
      case "unlink":
      case "rmdir":
        return this.#add(this.#gone, event.subject.path);
      case "rename":
        this.#add(this.#gone, event.subject.path);
        return this.#add(event.subject.replaces === "no" ? this.#made : this.#gone, event.subject.to);
      case "link":
        return this.#add(this.#made, event.subject.to);
      case "create":
      case "mkdir":
      case "mknod":
      case "symlink":
        return this.#add(this.#made, event.subject.path);
      case "bind":
        if (event.subject.family === "unix") this.#add(this.#made, event.subject.address);
        return undefined;
      case "open":
        if (event.subject.access === CACHE) this.#add(this.#made, directoryOf(event.subject.path));
        if (event.subject.access === OUTPUT || event.subject.access === STATE)
          this.#add(this.#gone, event.subject.path);
        return undefined;
      default:
        return undefined;
    }
  }

  /** The path that must hold a right on this path. */
  spotOf(real: RealPath, on: Spot["on"]): Spot {
    const gone = this.#first(this.#gone, real.path);
    if (gone !== undefined) return this.#spot(directoryOf(gone), "directory");
    return this.#spot(real.path, real.beyond > 0 ? "directory" : on);
  }

  #spot(path: string, on: Spot["on"]): Spot {
    return { path, on, appears: this.#first(this.#made, path) !== undefined };
  }

  /** The shortest leading path (or the path itself) that is in a set. */
  #first(names: ReadonlySet<string>, path: string): string | undefined {
    if (names.size === 0) return undefined;
    for (let end = path.indexOf("/", 1); end >= 0; end = path.indexOf("/", end + 1)) {
      const lead = path.slice(0, end);
      if (names.has(lead)) return lead;
    }
    return names.has(path) ? path : undefined;
  }

  #add(names: Set<string>, path: string): void {
    const reading = this.#paths.of(path);
    if (typeof reading === "string") return;
    for (const { path: real, beyond } of reading) if (beyond === 0) names.add(real);
  }
}
