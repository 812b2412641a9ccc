/** A levelled path as its components, in the notation that can hold tokens (`path-text.ts`). */
import { literals, ROOT } from "../path-text.ts";

/** The tokens that a class may lie below. Others stand for places that are not the launch's, or are a rule of the user's. */
const PLACES: ReadonlySet<string> = new Set([ROOT, "$CWD", "$HOME", "$TMP", "$RUNTIME"]);

/** The components, the first a token: `/srv/up` is `$`, `srv`, `up`. Undefined for a text that no class may take part in. */
export function componentsOf(path: string): string[] | undefined {
  const first = path.charCodeAt(0);
  if (first === 0x2f) {
    if (path === "/" || path.startsWith("/proc/") || path.startsWith("/dev/")) return undefined;
    return (ROOT + literals(path)).split("/");
  }
  if (first !== 0x24) return undefined;
  const components = path.split("/");
  return PLACES.has(components[0] as string) && components.length > 1 ? components : undefined;
}

/** Whether a component is a real name that may be one of a class, and not a token. */
export function isFree(component: string): boolean {
  const first = component.charCodeAt(0);
  return component !== "" && (first !== 0x24 || component === "$hash");
}
