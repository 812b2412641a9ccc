/** From a refusal to an answer: a status, a code, and one line. What is not a refusal says nothing of its cause to the caller. */
import { AttestError } from "@isoline/attest/error";
import { IsolineError } from "@isoline/core/error";
import type { Context } from "hono";
import { HTTPException } from "hono/http-exception";
import { TooMany } from "../access/index.ts";
import { VerifierError, type VerifierErrorCode } from "../error.ts";
import { storeGone } from "../store/index.ts";
import type { Refusal } from "./model.ts";

type Status = 400 | 401 | 403 | 404 | 409 | 413 | 429 | 500 | 503;

const statuses: Readonly<Partial<Record<VerifierErrorCode, Status>>> = {
  "unknown-caller": 401,
  "not-allowed": 403,
  "not-found": 404,
  conflict: 409,
  "challenge-refused": 409,
  "full-log-needed": 409,
  "too-large": 413,
  "too-many": 429,
  "store-unreachable": 503,
  "owned-elsewhere": 503,
  "provider-unreachable": 503,
};

const AGAIN_SECONDS = 1;
/** SQLSTATE of a row that another request wrote first. */
const UNIQUE = "23505";
/** SQLSTATE of a text, and of one in JSON, that has U+0000. */
const NO_TEXT: ReadonlySet<unknown> = new Set(["22021", "22P05"]);

export interface Answer {
  readonly status: Status;
  readonly code: string;
  readonly message: string;
  readonly again: number | undefined;
}

export function answerFor(fault: unknown): Answer {
  const gone = storeGone(fault);
  if (gone !== undefined) return { status: 503, code: gone.code, message: gone.message, again: AGAIN_SECONDS };
  if (fault instanceof VerifierError) {
    const status = statuses[fault.code] ?? 400;
    const isForLater = status === 503 || status === 429;
    const again = fault instanceof TooMany ? fault.seconds : isForLater ? AGAIN_SECONDS : undefined;
    return { status, code: fault.code, message: fault.message, again };
  }
  if (fault instanceof AttestError || fault instanceof IsolineError)
    return { status: 400, code: fault.code, message: fault.message, again: undefined };
  // A body that is no JSON, or of another type than the route takes.
  if (fault instanceof HTTPException && fault.status < 500)
    return { status: 400, code: "bad-request", message: `${fault.message}; see /openapi.json`, again: undefined };
  if ((fault as { code?: unknown } | undefined)?.code === UNIQUE)
    return {
      status: 409,
      code: "conflict",
      message: "another request wrote the same just now; look at what is there",
      again: undefined,
    };
  if (NO_TEXT.has((fault as { code?: unknown } | undefined)?.code))
    return {
      status: 400,
      code: "bad-request",
      message: "expected text without U+0000, which the database cannot keep, got some with it; leave it out",
      again: undefined,
    };
  return { status: 500, code: "internal", message: "the verifier failed; its log says why", again: undefined };
}

export function refuse(c: Context, { status, code, message, again }: Answer): Response {
  if (again !== undefined) c.header("Retry-After", String(again));
  const refusal: Refusal = { error: { code, message } };
  return c.json(refusal, status);
}
