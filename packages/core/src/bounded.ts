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

/**
 * The pieces of the answer to a `fetch`, until its signal is aborted: then it throws the reason. Node's `fetch` holds its signal weakly, so
 * what was aborted after the headers may go on, as slowly as the other side likes (undici 6, lib/web/fetch/request.js).
 *
 * @param body null where there is none
 */
export async function* untilAborted(
  body: ReadableStream<Uint8Array> | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  if (body === null) return;
  const reader = body.getReader();
  const end = () => void reader.cancel(signal.reason).catch(() => {});
  signal.addEventListener("abort", end);
  try {
    for (;;) {
      signal.throwIfAborted();
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) return;
      yield value;
    }
  } finally {
    signal.removeEventListener("abort", end);
    // Of what is not wanted any more; nothing where all came.
    end();
  }
}
