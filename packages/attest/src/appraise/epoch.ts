/**
 * The revocation epoch of a verifier, signed: a JWT (RFC 7519) that a relying party fetches again and again, and compares with the
 * results that it is shown. Epochs are one of the ways to freshness of RFC 9334 (10.3).
 */
import { type CryptoKey, jwtVerify, SignJWT } from "jose";
import { AttestError } from "../error.ts";
import { type EarAlgorithm, EPOCH_CLAIM } from "./ear.ts";

const TYPE = "isoline-epoch+jwt";
const RAISED_CLAIM = "isoline.raised";

/** How many revocations there were, and when the last one was; before the first, when counting began. */
export interface RevocationEpoch {
  readonly epoch: number;
  readonly raised: Date;
}

export interface EpochOrder {
  readonly key: CryptoKey;
  readonly algorithm: EarAlgorithm;
  readonly now: Date;
  /** Seconds that the token is valid for. */
  readonly seconds: number;
}

/** Signs that this epoch is the present one. */
export async function signEpoch({ epoch, raised }: RevocationEpoch, order: EpochOrder): Promise<string> {
  const { key, algorithm, now, seconds } = order;
  const issued = Math.floor(now.getTime() / 1000);
  return new SignJWT({ [EPOCH_CLAIM]: epoch, [RAISED_CLAIM]: Math.floor(raised.getTime() / 1000) })
    .setProtectedHeader({ alg: algorithm, typ: TYPE })
    .setIssuedAt(issued)
    .setExpirationTime(issued + seconds)
    .sign(key);
}

/**
 * The epoch that this verifier key signed as the present one, and until when the token says so. Refuses with `old-result` one that is
 * earlier than `known`, the newest that the relying party has seen: it is to keep that number, and never to go back.
 */
export async function verifyEpoch(
  token: string,
  key: CryptoKey,
  now: Date,
  known = 0,
): Promise<RevocationEpoch & { readonly until: Date }> {
  const { payload } = await jwtVerify(token, key, {
    typ: TYPE,
    algorithms: ["EdDSA", "ES256"],
    currentDate: now,
    requiredClaims: ["iat", "exp", EPOCH_CLAIM, RAISED_CLAIM],
  });
  const { [EPOCH_CLAIM]: epoch, [RAISED_CLAIM]: raised, exp = 0 } = payload;
  if (!isCount(epoch) || !isCount(raised)) throw old("a whole number as its epoch, and as its time", "something else");
  if (epoch < known) throw old(`revocation epoch ${known} or a later one`, String(epoch));
  return { epoch, raised: new Date(raised * 1000), until: new Date(exp * 1000) };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

function old(expected: string, got: string): AttestError {
  return new AttestError(
    "old-result",
    `expected ${expected}, got ${got}; ask the verifier for its present epoch, and its operator why it went back`,
  );
}
