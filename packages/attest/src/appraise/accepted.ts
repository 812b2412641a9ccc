/** What a verifier keeps of the evidence that it accepted last, to see whether the next goes on from there. */
import { AttestError } from "../error.ts";
import type { QuoteClock } from "./quote.ts";

export interface AcceptedCanister {
  readonly label: string;
  /** Number of its birth in the ledger, or when it began: which run of the label it is. */
  readonly run: string;
  readonly measurement: string;
  readonly points: number;
  readonly counters: Readonly<Record<"events" | "departures" | "refused" | "lost" | "untrusted", number>>;
  /** Number of the birth of the last of its runs that ended badly, if one did, and that was said while no run of it was told of. */
  readonly said?: number | undefined;
}

export interface Accepted {
  /** None of a node without a TPM. */
  readonly clock?: QuoteClock | undefined;
  readonly policy: { readonly name: string; readonly version: number };
  /** Of the ledger of that boot what its births' register vouched for: a length in bytes, and the SHA-256 of these in hexadecimal. */
  readonly ledger?: { readonly bytes: number; readonly digest: string } | undefined;
  readonly canisters: readonly AcceptedCanister[];
}

/** By their labels, of which each stands once. */
const labelled = new WeakMap<readonly AcceptedCanister[], ReadonlyMap<string, AcceptedCanister>>();

/** What was accepted of a label. */
export function lastOf(label: string, accepted: readonly AcceptedCanister[]): AcceptedCanister | undefined {
  const known = labelled.get(accepted) ?? new Map(accepted.map((one) => [one.label, one]));
  labelled.set(accepted, known);
  return known.get(label);
}

/** A node makes up as many labels as it likes, and all of them are kept, written and looked through with each evidence. */
const MOST_OTHERS = 1024;

/**
 * Of canisters that evidence is not about, what was accepted in this boot still counts: of the last 1024 of them. None of an earlier boot
 * goes on.
 */
export function othersAmong(
  accepted: readonly AcceptedCanister[],
  now: readonly AcceptedCanister[],
): readonly AcceptedCanister[] {
  const told = new Set(now.map(({ label }) => label));
  return accepted.filter(({ label }) => !told.has(label)).slice(-MOST_OTHERS);
}

/** Whether a TPM's clock goes back from what was accepted before. Evidence once more does not, and neither does any without a clock. */
export function isBehind({ clock: now }: Accepted, { clock: before }: Accepted): boolean {
  if (now === undefined || before === undefined) return false;
  if (now.resetCount !== before.resetCount) return now.resetCount < before.resetCount;
  return now.restartCount < before.restartCount || now.clock < before.clock;
}

/** As one line of JSON. */
export function writeAccepted({ clock, ...rest }: Accepted): string {
  return `${JSON.stringify({ accepted: 1, clock: clock && { ...clock, clock: String(clock.clock) }, ...rest })}\n`;
}

/** What `writeAccepted` wrote; the verifier's own file, so that anything else is refused with `bad-policy-file`. */
export function readAccepted(text: string): Accepted {
  try {
    const { accepted, clock, ...rest } = JSON.parse(text) as Record<string, unknown>;
    if (accepted !== 1) throw refused();
    const { policy, canisters } = rest;
    if (typeof policy !== "object" || policy === null || !Array.isArray(canisters)) throw refused();
    return { ...rest, clock: clock === undefined ? undefined : clockIn(clock) } as unknown as Accepted;
  } catch (fault) {
    throw fault instanceof AttestError ? fault : refused();
  }
}

function clockIn(clock: unknown): QuoteClock {
  const { clock: milliseconds, resetCount, restartCount } = clock as Record<string, unknown>;
  if (!isCount(resetCount) || !isCount(restartCount)) throw refused();
  if (typeof milliseconds !== "string" || !/^\d{1,20}$/.test(milliseconds)) throw refused();
  return { clock: BigInt(milliseconds), resetCount, restartCount };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function refused(): AttestError {
  return new AttestError(
    "bad-policy-file",
    "what was accepted last cannot be read; restore the file, or remove it if this node may begin anew",
  );
}
