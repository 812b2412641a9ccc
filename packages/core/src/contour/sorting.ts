/** Puts digests in ascending byte order without making an object of each. */

/** Indices of the 32-byte digests in `digests`, ascending by their bytes. */
export function ascendingDigests(digests: Buffer): Uint32Array {
  const count = digests.length / 32;
  const heads = new Uint32Array(count);
  const order = new Uint32Array(count);
  for (let index = 0; index < count; index++) {
    heads[index] = digests.readUInt32BE(index * 32);
    order[index] = index;
  }
  return order.sort((a, b) => (heads[a] as number) - (heads[b] as number) || compareAt(digests, a, b));
}

function compareAt(digests: Buffer, a: number, b: number): number {
  return digests.compare(digests, b * 32, b * 32 + 32, a * 32, a * 32 + 32);
}
