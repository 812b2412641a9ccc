/**
 * Rule `canister`: values that a container runtime chooses anew for each container and on each host.
 *
 * A task whose root directory is the host's sees host paths. They get a token in front, so that no path of the host equals one
 * of the image. Paths of the image stay literal:
 *
 *   /usr/sbin/runc                                        →   $HOST/usr/sbin/runc
 *   /var/lib/containers/storage/overlay/3f…/merged/dev    →   $ROOTFS/dev
 *   /run/runc/5b…/state.json                              →   $STATE/{@id}/state.json
 *   /sys/fs/cgroup/pids/libpod_parent/libpod-5b…          →   $HOST/sys/fs/cgroup/pids/libpod_parent/{libpod-@id}
 *
 * Ids are the container's, by its user namespace: see `CanisterUsers`.
 */
import type { Labelled } from "../creations.ts";
import type { CanisterPlaces, IdKind } from "../launch.ts";

const HOST = "$HOST";
/** linux/mount.h */
const MS_PRIVATE = 0x4_0000n;
/** Calls of the runtime that run at the same time add a few names each. */
const MOST_NAMED = 256;

/** The id that a user namespace shows for an id it does not map (fs/overflowuid). */
const OVERFLOW = 65_534;

/** Host directories of one container. */
export class CanisterDirectories {
  /** The container's root directory on the host. */
  readonly rootfs: string;
  #directories: CanisterPlaces["directories"];
  readonly #first: CanisterPlaces["directories"];
  #later: CanisterPlaces["directories"] = [];
  readonly #above: ReadonlySet<string>;
  readonly #id: string;
  readonly #state: string | undefined;

  constructor({ id, directories }: CanisterPlaces) {
    this.#id = id;
    this.#first = directories;
    this.#state = directories.find(({ token }) => token === "$STATE")?.path;
    this.#directories = longestFirst(directories);
    this.rootfs = directories.find(({ token }) => token === "$ROOTFS")?.path ?? "";
    this.#above = new Set(above(this.rootfs));
  }

  /** Names that are added to the ones known so far. Beyond the limit the oldest are removed. */
  add(named: CanisterPlaces["directories"]): void {
    this.#later = [...this.#later, ...named].slice(-MOST_NAMED);
    this.#directories = longestFirst([...this.#first, ...this.#later]);
  }

  /** The directory around a host path: its token, and the position in the path where it ends. */
  of(path: string): { readonly token: string; readonly end: number } {
    for (const { path: directory, token } of this.#directories) {
      const { length } = directory;
      if (path.startsWith(directory) && (path.length === length || path.charCodeAt(length) === 0x2f))
        return { token, end: length };
    }
    // The storage driver decides where the root file system lies, and therefore how far up the runtime has to look.
    if (this.#above.has(path)) return { token: "$ABOVE", end: path.length };
    return { token: HOST, end: path === "/" ? 1 : 0 };
  }

  /**
   * Whether a path leads to the runtime's state of this very container. The runtime's last step before the workload is to open
   * a file there through a descriptor, from a root that no longer contains it.
   */
  isOwnState(path: string): boolean {
    return this.#state !== undefined && path.startsWith(`${this.#state}/${this.#id}/`);
  }

  /**
   * The path that a call of mount(2) is about. A runtime makes the mount private that the root file system lies on. It tries
   * one directory above the other until one is a mount point; how many depends on the storage driver.
   */
  mountMeant(path: string, { source, type, flags }: Readonly<Record<string, unknown>>): string {
    const onlyMakesPrivate = source === "" && type === "" && flags === MS_PRIVATE;
    return onlyMakesPrivate && this.#above.has(path) ? this.rootfs : path;
  }

  /** The source of a mount(2). With a user namespace a runtime names it by a descriptor, whose number varies. */
  sourceMeant(source: string): string {
    return source.replace(/^(\/proc\/(?:thread-)?self\/fd)\/\d{1,10}$/, "$1");
  }

  /** A host path that is levelled already. */
  prefixed(levelled: string): string {
    return HOST + levelled;
  }

  /** Labels of the components after `from` that contain the container's identifier as a word. */
  labels(path: string, from: number): Labelled[] {
    if (this.#id === "" || !path.includes(this.#id, from)) return [];
    const found: Labelled[] = [];
    for (let start = from + 1; start < path.length; ) {
      const slash = path.indexOf("/", start);
      const end = slash < 0 ? path.length : slash;
      const text = named(path.slice(start, end), this.#id);
      if (text !== undefined) found.push({ start, end, label: { text, fans: 0, rule: "canister" } });
      start = end + 1;
    }
    return found;
  }
}

/**
 * `libpod-ID.scope` as `{libpod-@id.scope}`; undefined if the identifier is not a word of the name, or the name looks like it
 * has tokens.
 */
function named(name: string, id: string): string | undefined {
  const at = name.indexOf(id);
  if (at < 0 || /[{}#$@]/.test(name)) return undefined;
  const isSetOff = (char: string) => char === "" || /[-_.:]/.test(char);
  if (!isSetOff(name.charAt(at - 1)) || !isSetOff(name.charAt(at + id.length))) return undefined;
  return `{${name.slice(0, at)}@id${name.slice(at + id.length)}}`;
}

function longestFirst(directories: CanisterPlaces["directories"]): CanisterPlaces["directories"] {
  return directories.toSorted((a, b) => b.path.length - a.path.length);
}

function above(path: string): string[] {
  const all: string[] = ["/"];
  for (let end = path.lastIndexOf("/"); end > 0; end = path.lastIndexOf("/", end - 1)) all.push(path.slice(0, end));
  return all;
}

/**
 * Ids as the container sees them. A task that is still at the host's root may use both kinds: a mapped id is the container's,
 * any other the host's. A task inside sees the overflow id for an id that its user namespace does not map.
 */
export class CanisterUsers {
  readonly #ids: CanisterPlaces["ids"];

  constructor({ ids }: CanisterPlaces) {
    this.#ids = ids;
  }

  id(id: number, kind: IdKind, atHostRoot: boolean): number {
    const ranges = this.#ids[kind];
    if (ranges.length === 0) return id;
    const range = ranges.find(({ host, count }) => id >= host && id < host + count);
    if (range) return id - range.host + range.container;
    return atHostRoot ? id : OVERFLOW;
  }
}
