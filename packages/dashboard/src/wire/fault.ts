/** Why a request gave nothing: one line for a reader, and what to do. */

export type FaultKind = "sign-in" | "forbidden" | "missing" | "busy" | "refused" | "unreachable" | "damaged";

export class Fault extends Error {
  readonly kind: FaultKind;
  /** Seconds until it is worth asking again, where the verifier says so. */
  readonly retryAfter: number | undefined;

  constructor(kind: FaultKind, message: string, retryAfter?: number) {
    super(message);
    this.kind = kind;
    this.retryAfter = retryAfter;
  }
}

/** What went wrong, for a reader. */
export const sayFault = (fault: unknown): string => (fault instanceof Error ? fault.message : String(fault));

/** A fault of the answer itself: its status, and the line that the verifier gave. */
export function faultOf(status: number, body: unknown, retryAfter: string | null): Fault {
  const said = messageOf(body);
  const seconds = /^\d{1,5}$/.test(retryAfter ?? "") ? Number(retryAfter) : undefined;
  if (status === 401) return new Fault("sign-in", said ?? "The verifier does not know this token. Sign in again.");
  if (status === 403) return new Fault("forbidden", said ?? "This token may not do that. Ask for another role.");
  if (status === 404) return new Fault("missing", said ?? "The verifier knows nothing of that name.");
  if (status === 429 || status === 503)
    return new Fault("busy", said ?? "The verifier is busy, or its store is gone. It is asked again.", seconds);
  return new Fault("refused", said ?? `The verifier answered with status ${status}.`);
}

function messageOf(body: unknown): string | undefined {
  if (typeof body !== "object" || body === null || !("error" in body)) return undefined;
  const { error } = body;
  if (typeof error !== "object" || error === null || !("message" in error)) return undefined;
  return typeof error.message === "string" && error.message !== "" ? error.message : undefined;
}
