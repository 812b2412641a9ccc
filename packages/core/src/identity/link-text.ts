/**
 * Texts that name a path without having been resolved: what a symbolic link says, what is mounted.
 *
 * They are arbitrary text, so a dollar sign at their start is no token: whatever could be read as one is marked.
 */
import type { Observation } from "./observation.ts";
import type { PathLens } from "./path-lens.ts";
import { literal, literals } from "./path-text.ts";

export class LinkTexts {
  readonly #paths: PathLens;

  constructor(paths: PathLens) {
    this.#paths = paths;
  }

  /**
   * Text of the symbolic link at `link`, which is called `levelled`. An absolute one is levelled as a path; in a relative one
   * only created names are, and the link's own: `conf1234.dir/conf1234.file` with the text `conf1234.file`.
   */
  level(text: string, link: string, levelled: string, at: Observation): string {
    if (text.startsWith("/")) return this.#paths.level(text, at.pid);
    const up = /^(?:\.\.\/)*/.exec(text)?.[0] as string;
    const below = `/${text.slice(up.length)}`;
    if (!link.startsWith("/") || /\/(?:\.{0,2})(?:\/|$)/.test(below)) return literals(text);
    const directory = ancestor(link, 1 + up.length / "../".length);
    const own = lastOf(link);
    const called = lastOf(levelled);
    const names = this.#paths.below(directory, below).slice(1).split("/");
    return up + (called.startsWith("{") ? names.map((name) => (name === own ? called : name)) : names).join("/");
  }

  /** What is mounted: a path, what a sensor says of an object without one, or the name of a filesystem, a device, a server. */
  source(text: string, at: Observation): string {
    return text.startsWith("/") || text.startsWith("?") ? this.#paths.level(text, at.pid) : literal(text);
  }
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The directory so many levels above a path, without a slash at its end: "" is the root. */
function ancestor(path: string, levels: number): string {
  let end = path.length;
  for (let level = 0; level < levels && end > 0; level += 1) end = path.lastIndexOf("/", end - 1);
  return path.slice(0, Math.max(0, end));
}
