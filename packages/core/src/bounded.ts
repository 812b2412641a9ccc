/**
 * Reads all of what another program sends, up to a number of bytes.
 *
 * @param pieces as they arrive: the body of a request or of an answer; null where there is none
 * @returns undefined if there are more bytes than `most`; what is left of them is not read, and the stream is ended
 */
export async function readAtMost(pieces: AsyncIterable<Uint8Array> | null, most: number): Promise<Buffer | undefined> {
  const kept: Uint8Array[] = [];
  let length = 0;
  for await (const piece of pieces ?? []) {
    length += piece.length;
    if (length > most) return undefined;
    kept.push(piece);
  }
  return Buffer.concat(kept);
}
