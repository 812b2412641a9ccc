/**
 * Texts that name a path without having been resolved: the text of a symbolic link, the source of a mount.
 *
 * They are arbitrary text, so a dollar sign at their start is not a token: every name that looks like a token is marked.
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
   * The text of the symbolic link at `link`, whose levelled path is `levelled`. An absolute text is levelled as a path. In a
   * relative text only created names are levelled, and the link's own name: `conf1234.dir/conf1234.file` with the text
   * `conf1234.file`.
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

  /** The source of a mount: a path, the sensor's name of an object without a path, or the name of a file system, a device, a server. */
  source(text: string, at: Observation): string {
    return text.startsWith("/") || text.startsWith("?") ? this.#paths.level(text, at.pid) : literal(text);
  }
}

function lastOf(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The directory a number of levels above a path, without a slash at its end: "" is the root. */
function ancestor(path: string, levels: number): string {
  let end = path.length;
  for (let level = 0; level < levels && end > 0; level += 1) end = path.lastIndexOf("/", end - 1);
  return path.slice(0, Math.max(0, end));
}
