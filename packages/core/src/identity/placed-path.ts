/**
 * Paths that are none of the launch's view: in another root or mount namespace, the same text is another object's. A sensor
 * says what such a path belongs to, and the lens keeps that:
 *
 *   ?in:/work/jail//etc/config       the launch has it as /work/jail/etc/config
 *   ?in:tmpfs/bwrap//tmp/x           on a tmpfs that is mounted in a namespace which bwrap made
 *   ?in:host//etc/passwd             on the host, from inside a container
 *   ?in:unknown//etc/passwd          in mounts of which nothing is known
 *
 *   $IN:$CWD/jail//etc/config        levelled
 *
 * Addresses are told alike, by the program that made their network: `?net:unshare/127.0.0.1:80`, levelled `$NET:unshare/127.0.0.1:80`.
 *
 * Canonical paths have no two slashes in a row, and a real path starts with one: no file name can pass for such a path.
 */
const PLACED = "?in:";
/** Begins such a path when it is levelled. */
export const IN = "$IN:";
/** Paths of the host, of which a container's own are none. */
const HOST = "host";

export interface PlacedPath {
  /** A real path; or, where `isShown` is false, what is mounted. Empty for the root directory. */
  readonly origin: string;
  /** Whether the launch shows it, as `origin` and `rest` one after the other. */
  readonly isShown: boolean;
  /** Begins with a slash; empty for the directory or the mount itself. */
  readonly rest: string;
}

/** What a sensor says of a path that is none of the launch's view; undefined for any other. */
export function placedPath(path: string): PlacedPath | undefined {
  if (!path.startsWith(PLACED)) return undefined;
  const end = path.indexOf("//");
  if (end < 0) return undefined;
  const origin = path.slice(PLACED.length, end);
  const rest = path.slice(end + 2);
  return { origin, isShown: origin === "" || origin.startsWith("/"), rest: rest === "" ? "" : `/${rest}` };
}

/**
 * Under which name it is remembered that a path was created: its own where the launch has it, and else one that no real path
 * has, because those have no spaces (`event/escape.ts`). `start` is where in it the rest begins.
 */
export function keyOf({ origin, isShown, rest }: PlacedPath): { readonly path: string; readonly start: number } {
  const lead = isShown ? origin : `/ ${origin.replaceAll("/", " ")}`;
  return { path: lead + rest, start: lead.length };
}

export function isOfHost({ origin }: PlacedPath): boolean {
  return origin === HOST;
}

const PLACED_ADDRESS = "?net:";
/** Begins such an address when it is levelled. */
export const NET = "$NET:";

/** The maker of the network and the address in it, or the family of a socket; undefined for what is in the launch's. */
export function placedAddress(text: string): { readonly network: string; readonly address: string } | undefined {
  const slash = text.indexOf("/");
  if (!text.startsWith(PLACED_ADDRESS) || slash < 0) return undefined;
  return { network: text.slice(PLACED_ADDRESS.length, slash), address: text.slice(slash + 1) };
}
