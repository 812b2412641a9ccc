/**
 * The places of the table of consequences, as one test for each rule.
 *
 *   /etc/cron*            from the root of the file system, or of a container that a runtime prepares (`$ROOTFS/etc/cron.d`)
 *   .ssh   .git/hooks     these components in a row, in any directory
 *
 * `*` stands for any part of one component. A place holds everything below it. In another root or mount namespace it is found by the path
 * that the launch has (`$IN:/etc//shadow`).
 */

import { shownPath } from "../shown-path.ts";

export type PlaceTest = (path: string) => boolean;

/** One test for all these places. */
export function anyOf(places: readonly string[]): PlaceTest {
  const rooted = places.filter((place) => place.startsWith("/"));
  const anywhere = places.filter((place) => !place.startsWith("/"));
  const tests: RegExp[] = [];
  if (rooted.length > 0)
    tests.push(new RegExp(`^(?:\\?deleted:)?(?:\\$(?:HOST|ROOTFS)?)?(?:${rooted.map(source).join("|")})(?:/|$)`));
  if (anywhere.length > 0) tests.push(new RegExp(`(?:^|/)(?:${anywhere.map(source).join("|")})(?:/|$)`));
  return (path) => tests.some((test) => test.test(shownPath(path)));
}

function source(place: string): string {
  return place.replace(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", "[^/]*");
}
