/** How much of contours that only nodes sent is kept of a tenant. A hostile node names as many as it likes, and makes them up. */
import { VerifierError } from "../error.ts";

/** Bytes of the contours that a tenant's canisters name, and that neither a person put nor reference values name. */
const MOST_SENT = 256 * 2 ** 20;

interface SentContour {
  readonly digest: string;
  readonly bytes: number;
}

/** Refuses with `too-large` where one more of so many bytes is too much; those that reference values name count for nothing. */
export function assertRoom(
  sent: readonly SentContour[],
  more: number,
  { tenant, named, most = MOST_SENT }: { tenant: string; named: ReadonlySet<string>; most?: number },
): void {
  const size = sent.reduce((sum, { digest, bytes }) => (named.has(digest) ? sum : sum + bytes), more);
  if (size <= most) return;
  throw new VerifierError(
    "too-large",
    `expected contours of at most ${most} bytes that only nodes of ${tenant} sent, got ${size}; name them in reference values`,
  );
}
