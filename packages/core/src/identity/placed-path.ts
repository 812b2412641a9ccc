/**
 * Paths outside the launch's view: in another root or mount namespace, the same text names another object. A sensor writes
 * where such a path lies, and the lens keeps that:
 *
 *   ?in:/work/jail//etc/config       the launch sees it as /work/jail/etc/config
 *   ?in:tmpfs/bwrap//tmp/x           on a tmpfs that is mounted in a namespace which bwrap made
 *   ?in:host//etc/passwd             on the host, from inside a container
 *   ?in:unknown//etc/passwd          in mounts about which nothing is known
 *
 *   $IN:$CWD/jail//etc/config        levelled
 *
 * Addresses are written alike, with the program that made their network: `?net:unshare/127.0.0.1:80`, levelled
 * `$NET:unshare/127.0.0.1:80`.
 *
 * Canonical paths have no two slashes in a row, and a real path starts with one. So no file name can look like such a path.
 */
const PLACED = "?in:";
/** Prefix of such a path when it is levelled. */
export const IN = "$IN:";
/** Paths of the host that lie outside a container. */
const HOST = "host";

export interface PlacedPath {
  /** A real path; or, if `isShown` is false, the mounted file system. Empty for the root directory. */
  readonly origin: string;
  /** Whether the launch sees the path, as `origin` and `rest` one after the other. */
  readonly isShown: boolean;
  /** Begins with a slash; empty for the directory or the mount itself. */
  readonly rest: string;
}

/** Parses a path outside the launch's view; undefined for any other path. */
export function placedPath(path: string): PlacedPath | undefined {
  if (!path.startsWith(PLACED)) return undefined;
  const end = path.indexOf("//");
  if (end < 0) return undefined;
  const origin = path.slice(PLACED.length, end);
  const rest = path.slice(end + 2);
  return { origin, isShown: origin === "" || origin.startsWith("/"), rest: rest === "" ? "" : `/${rest}` };
}

/**
 * The key under which the creation of a path is remembered: the launch's own path if it has one, otherwise a key that no real
 * path equals, because real paths contain no spaces (`event/escape.ts`). `start` is the position of the rest in it.
 */
export function keyOf({ origin, isShown, rest }: PlacedPath): { readonly path: string; readonly start: number } {
  const lead = isShown ? origin : `/ ${origin.replaceAll("/", " ")}`;
  return { path: lead + rest, start: lead.length };
}

export function isOfHost({ origin }: PlacedPath): boolean {
  return origin === HOST;
}

const PLACED_ADDRESS = "?net:";
/** Prefix of such an address when it is levelled. */
export const NET = "$NET:";

/** The maker of the network, and the address in it or the family of a socket; undefined for an address in the launch's network. */
export function placedAddress(text: string): { readonly network: string; readonly address: string } | undefined {
  const slash = text.indexOf("/");
  if (!text.startsWith(PLACED_ADDRESS) || slash < 0) return undefined;
  return { network: text.slice(PLACED_ADDRESS.length, slash), address: text.slice(slash + 1) };
}
