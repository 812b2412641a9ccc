/** Paths of other root and mount namespaces as the launch has them, for readers who ask about a place. */
import { IN } from "../identity/placed-path.ts";

/** `$IN:/etc//shadow` is `/etc/shadow`. A path that the launch does not have, and every other path, stays as it is. */
export function shownPath(path: string): string {
  const end = path.startsWith(IN) ? path.indexOf("//") : -1;
  return end < 0 || !/[/$]/.test(path.charAt(IN.length)) ? path : path.slice(IN.length, end) + path.slice(end + 1);
}

/** Whether nothing is known of where a path lies: in mounts of which nothing can be said, or without a path. */
export function liesAnywhere(path: string): boolean {
  return path.startsWith("?") || path.startsWith(`${IN}unknown//`);
}
