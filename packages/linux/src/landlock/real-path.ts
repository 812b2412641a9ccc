/**
 * Maps a path of a contour back to the places in this machine's file system that it stands for.
 *
 *   /usr/bin/node            itself
 *   $CWD/src/index.ts        below the working directory of the launch
 *   $TMP/{gcc#1}.s           some name in each of the directories for temporary files
 *   /proc/$self/status       two names below /proc
 *   $IN:$CWD/jail//etc/x     the jail's /etc/x, by the launch's own path
 *
 * This is the reverse of the lens (`core/src/identity/path-text.ts` has the grammar), so it can only widen: at the first
 * component that is not a literal name, the result is the directory above it. Text that is not canonical is treated the same
 * way.
 */
import { groupPaths, type Launch, pathsAbove, type Policy } from "@isoline/core/identity";

/**
 * The literal beginning of a path (escaped, absolute), and the number of components after it that could be any name; 0 if it is
 * the path itself.
 */
export interface RealPath {
  readonly path: string;
  readonly beyond: number;
}

/** `nowhere`: no name in any file system that Landlock restricts (a pipe, a memfd). `unknown`: the place cannot be determined. */
export type Reading = readonly RealPath[] | "nowhere" | "unknown";

export type Places = Pick<Launch, "cwd" | "home" | "temp" | "uid" | "controlGroups">;
export type Pseudonyms = Policy["pseudonyms"];

const DELETED = "?deleted:";
const LITERAL = "$literal:";
const IN = "$IN:";
const NAMELESS = /^(?:memfd|pipe|socket|anon|ns):/;
/** In these file systems no real name starts with a dollar sign, so the lens may put tokens into literal paths. */
const KERNEL_NAMES = /^\/(?:proc|dev\/pts)\//;

export class RealPaths {
  readonly #directories: Readonly<Record<string, readonly string[]>>;
  readonly #pseudonyms: Pseudonyms;

  constructor(places: Places, pseudonyms: Pseudonyms) {
    const absolute = (paths: readonly string[]) =>
      paths.filter((path) => path.startsWith("/")).map((path) => (path === "/" ? "" : path));
    this.#directories = {
      $: [""],
      $CWD: absolute([places.cwd]),
      $HOME: absolute([places.home]),
      $TMP: absolute(places.temp),
      $RUNTIME: [`/run/user/${places.uid}`],
      $CGROUP: groupPaths(places),
      $ABOVE: pathsAbove(places),
    };
    this.#pseudonyms = pseudonyms;
  }

  /** The places that a levelled path may stand for. */
  of(text: string): Reading {
    if (text.startsWith(DELETED)) return somethingIn(this.parentOf(text.slice(DELETED.length)));
    if (text.startsWith("/")) {
      const isToken = KERNEL_NAMES.test(text) ? (name: string) => name.startsWith("$") : () => false;
      return [descend("", componentsOf(text), (name) => (isToken(name) ? undefined : name))];
    }
    if (text.startsWith(IN)) return this.#placed(text.slice(IN.length));
    if (text.startsWith("$")) return this.#below(text);
    return NAMELESS.test(text) ? "nowhere" : "unknown";
  }

  /** The places of the directory of a levelled path: one component less. */
  parentOf(text: string): Reading {
    return withoutLast(this.of(text));
  }

  /**
   * A path in another root or mount namespace, if the launch sees it as well. Names in the rest are marked as in any path with
   * tokens.
   */
  #placed(text: string): Reading {
    const end = text.indexOf("//");
    const [lead, rest] = [text.slice(0, end), text.slice(end + 2)];
    if (end < 0 || !(lead === "" || lead.startsWith("/") || lead.startsWith("$"))) return "unknown";
    const start = lead === "" ? [{ path: "/", beyond: 0 }] : this.of(lead);
    if (typeof start === "string") return start;
    const names = rest === "" ? [] : rest.split("/");
    return start.map(({ path, beyond }) =>
      beyond > 0 ? { path, beyond: beyond + names.length } : descend(path === "/" ? "" : path, names, literalIn),
    );
  }

  #below(text: string): Reading {
    const slash = text.indexOf("/");
    const token = slash < 0 ? text : text.slice(0, slash);
    const components = slash < 0 ? [] : componentsOf(text.slice(slash));
    const directories = Object.hasOwn(this.#directories, token) ? this.#directories[token] : undefined;
    const found = directories
      ? directories.map((directory) => descend(directory, components, literalIn))
      : this.#renamed(token, components);
    return found.length > 0 ? found : "unknown";
  }

  /**
   * A path behind a pseudonym: the matches of its patterns, with the path below. A dollar sign there is ambiguous, so it is not
   * a name.
   */
  #renamed(token: string, components: readonly string[]): RealPath[] {
    return this.#pseudonyms
      .filter(({ as }) => `$${as}` === token)
      .flatMap(({ path }) => {
        const pattern = path.split("/");
        const wild = pattern.findIndex((part) => part.includes("*") || part.includes("?"));
        const lead = this.#lead((wild < 0 ? pattern : pattern.slice(0, wild)).join("/"));
        return lead.map((place) => {
          if (wild >= 0) return { path: place.path, beyond: Number.POSITIVE_INFINITY };
          if (place.beyond > 0) return { path: place.path, beyond: place.beyond + components.length };
          return descend(place.path === "/" ? "" : place.path, components, (name) =>
            looksLikeToken(name) ? undefined : name,
          );
        });
      });
  }

  /** The literal beginning of a pattern, which is written in levelled paths but never in other pseudonyms. */
  #lead(text: string): readonly RealPath[] {
    const token = text.split("/", 1)[0] as string;
    if (text.startsWith("$") && !Object.hasOwn(this.#directories, token)) return [];
    const reading = this.of(text === "" ? "/" : text);
    return typeof reading === "string" ? [] : reading;
  }
}

/** The directory of a canonical path; `/` is its own directory. */
export function directoryOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

/** Walks down literal names. From the first component on that is not one, components are only counted. */
function descend(
  directory: string,
  components: readonly string[],
  nameOf: (component: string) => string | undefined,
): RealPath {
  let path = directory;
  for (const [index, component] of components.entries()) {
    const name = nameOf(component);
    if (name === undefined || !isName(name)) return { path: path || "/", beyond: components.length - index };
    path += `/${name}`;
  }
  return { path: path || "/", beyond: 0 };
}

function withoutLast(reading: Reading): Reading {
  if (typeof reading === "string") return reading;
  return reading.map(({ path, beyond }) =>
    beyond > 0 ? { path, beyond: beyond - 1 } : { path: directoryOf(path), beyond: 0 },
  );
}

/** A deleted file is still below its directory, but has no name that a rule could be tied to. */
function somethingIn(reading: Reading): Reading {
  return typeof reading === "string" ? reading : reading.map(({ path, beyond }) => ({ path, beyond: beyond + 1 }));
}

/** A component of a path that holds tokens: the name it stands for, or undefined if it is a token. */
function literalIn(component: string): string | undefined {
  if (component.startsWith(LITERAL)) return component.slice(LITERAL.length);
  return looksLikeToken(component) ? undefined : component;
}

function looksLikeToken(name: string): boolean {
  return name.startsWith("$") || name.startsWith("{") || name.includes("$hash");
}

/** Whether a text can be one name in a directory: a C string ends at NUL, and `..` leads elsewhere. */
function isName(name: string): boolean {
  return name !== "" && name !== "." && name !== ".." && !name.includes("\\x00");
}

function componentsOf(path: string): string[] {
  return path === "/" ? [] : path.slice(1).split("/");
}
