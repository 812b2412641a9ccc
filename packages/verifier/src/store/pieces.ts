/** Many rows, in pieces that one statement takes. */

/** A statement has at most 65,535 values. */
const ROWS_AT_ONCE = 500;

export function inPieces<T>(rows: readonly T[]): readonly (readonly T[])[] {
  const pieces = Math.ceil(rows.length / ROWS_AT_ONCE);
  return Array.from({ length: pieces }, (_, at) => rows.slice(at * ROWS_AT_ONCE, (at + 1) * ROWS_AT_ONCE));
}
