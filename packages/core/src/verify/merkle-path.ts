/** The walk along a path of a Merkle tree, which inclusion and consistency proofs share (RFC 9162, 2.1.3.2 and 2.1.4.2). */

/**
 * On which side of the hash so far each sibling of a path stands, the lowest first; or what is wrong with its length. `place` is the
 * number of the node that the path begins at, `last` that of the last node of its level, `length` the number of siblings. All three are
 * below 2⁵³. What the siblings hash to is the caller's to compute.
 */
export function sidesOfPath(
  place: number,
  last: number,
  length: number,
): readonly ("left" | "right")[] | "too long" | "too short" {
  const sides: ("left" | "right")[] = [];
  for (; sides.length < length; [place, last] = [Math.floor(place / 2), Math.floor(last / 2)]) {
    if (last === 0) return "too long";
    if (place % 2 === 1 || place === last) {
      sides.push("left");
      while (place % 2 === 0 && place !== 0) [place, last] = [place / 2, Math.floor(last / 2)];
    } else sides.push("right");
  }
  return last === 0 ? sides : "too short";
}
