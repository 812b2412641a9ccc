/**
 * Paths that are canonical as they are given, if no symbolic link lies on them: absolute, without `.`, `..` or empty parts.
 *
 * The kernel can be asked to find such a path only where there is no link (RESOLVE_NO_SYMLINKS). What it then finds needs
 * no canonical path read back, which costs as much as finding it (2.7 of 8.5 µs, measured). Where there is a link, asking
 * was in vain, so those paths are remembered, by a small hash: two that share one only cost each other the short way.
 */
const SLASH = 0x2f;
const DOT = 0x2e;
const SPOTS = 1 << 16;

export class PlainPaths {
  readonly #linked = new Uint8Array(SPOTS);

  /** Where the path is remembered, if it is worth asking for; `length` bytes without the NUL. */
  spot(path: Buffer, length: number): number | undefined {
    if (length < 2 || path[0] !== SLASH || path[length - 1] === SLASH) return undefined;
    // FNV-1a (draft-eastlake-fnv); a workload that makes its paths collide slows down nobody but itself.
    let hash = 0x811c9dc5;
    let part = 0;
    let dots = 0;
    for (let at = 1; at < length; at++) {
      const byte = path[at] as number;
      if (byte === SLASH) {
        if (part === dots && part <= 2) return undefined;
        part = 0;
        dots = 0;
      } else {
        part++;
        if (byte === DOT) dots++;
      }
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    if (part === dots && part <= 2) return undefined;
    const spot = (hash ^ (hash >>> 16)) & (SPOTS - 1);
    return this.#linked[spot] === 0 ? spot : undefined;
  }

  /** Notes that a link lies on the path of this spot. */
  leadsOverLinks(spot: number): void {
    this.#linked[spot] = 1;
  }
}
