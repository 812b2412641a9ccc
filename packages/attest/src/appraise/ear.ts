/**
 * The result of an appraisal as an EAT Attestation Result (draft-ietf-rats-ear), a JWT (RFC 7519) that a relying party can check
 * without knowing TPMs: one submodule for the node, one for each canister.
 */
import { base64url as jose, type CryptoKey, jwtVerify, SignJWT } from "jose";
import { AttestError } from "../error.ts";
import type { Appraisal, Appraised } from "./appraise.ts";
import type { Check, CheckName, Status } from "./findings.ts";

/** The profile under which the claims below are defined (draft-ietf-rats-ear, 4). */
const PROFILE = "tag:github.com,2023:veraison/ear";
const TYPE = "eat+jwt";
/** How many revocations the verifier had made: a whole number. */
export const EPOCH_CLAIM = "isoline.epoch";
/** EdDSA over Ed25519, or ECDSA over P-256 (RFC 7518, 3.1; RFC 8037). */
export type EarAlgorithm = "EdDSA" | "ES256";

/** Tiers (draft-ietf-rats-ar4si, 2.3.2): `none` says that nothing was found out. */
const statuses: Readonly<Record<Status, string>> = {
  affirming: "affirming",
  contraindicated: "contraindicated",
  unverifiable: "none",
};

/** The trustworthiness claim that each check is about (draft-ietf-rats-ar4si, 2.3.4). */
const claims: Readonly<Partial<Record<CheckName, string>>> = {
  chain: "instance-identity",
  quote: "hardware",
  machine: "hardware",
  counters: "hardware",
  "boot-log": "executables",
  boot: "executables",
  "ima-list": "file-system",
  software: "configuration",
  rules: "configuration",
  contour: "executables",
  state: "executables",
  register: "hardware",
  trust: "runtime-opaque",
  losses: "runtime-opaque",
};

export interface EarOrder {
  readonly key: CryptoKey;
  readonly algorithm: EarAlgorithm;
  readonly now: Date;
  /** The compact form of a JWT (RFC 7515, 7.1), signed with that key by other means than WebCrypto, which needs a thread for each. */
  readonly compact?: ((header: object, claims: object) => string) | undefined;
  /** isoline's version. */
  readonly build: string;
  /** The verifier's revocation epoch, read before the evidence was accepted; a verifier without one leaves it out. */
  readonly epoch?: number | undefined;
  /** Seconds that the result is valid for at most, whatever the policy says. */
  readonly most?: number | undefined;
}

/** Signs a result. It is valid until `endOfResult`. */
export async function signEar(appraisal: Appraisal, order: EarOrder): Promise<string> {
  const { key, algorithm, compact, now, build, epoch, most } = order;
  const claims = {
    ...claimsOf(appraisal, build),
    ...(epoch !== undefined && { [EPOCH_CLAIM]: epoch }),
    iat: secondsOf(now),
    exp: secondsOf(endOfResult(appraisal, now, most)),
  };
  const header = { alg: algorithm, typ: TYPE };
  return compact?.(header, claims) ?? new SignJWT(claims).setProtectedHeader(header).sign(key);
}

/** When a result of this moment ends, in whole seconds: after as long as its policy says, and after `most` seconds at the latest. */
export function endOfResult({ policy }: Appraisal, now: Date, most = Number.POSITIVE_INFINITY): Date {
  return new Date((secondsOf(now) + Math.min(policy?.validity ?? 0, most)) * 1000);
}

/**
 * The claims of a result that this verifier key signed, and that is valid at that time. With `epoch`, the newest revocation epoch that
 * the relying party knows (`verifyEpoch`), refuses with `old-result` a result of an earlier one, and a result without any.
 */
export async function verifyEar(
  ear: string,
  key: CryptoKey,
  now: Date,
  epoch?: number,
): Promise<Readonly<Record<string, unknown>>> {
  const { payload } = await jwtVerify(ear, key, { typ: TYPE, algorithms: ["EdDSA", "ES256"], currentDate: now });
  const its = payload[EPOCH_CLAIM];
  if (epoch !== undefined && !(Number.isSafeInteger(its) && (its as number) >= epoch))
    throw new AttestError(
      "old-result",
      `expected a result of revocation epoch ${epoch} or later, got ${typeof its === "number" ? `one of ${its}` : "one without an epoch"}; ask the node for its next result`,
    );
  return payload;
}

const secondsOf = (time: Date) => Math.floor(time.getTime() / 1000);

function claimsOf(appraisal: Appraisal, build: string): Record<string, unknown> {
  const { policy, node, platform, canisters, challenge, evidenceDigest, root } = appraisal;
  const id = policy && `${policy.name} ${policy.version} sha256:${policy.digest}`;
  const reasons = new Reasons();
  const submods = [
    [
      "node",
      { ...submodOf(platform, id, reasons), "isoline.root": root, ...(node !== undefined && { "isoline.node": node }) },
    ],
    ...canisters.map((one) => [`canister/${one.label}`, { ...submodOf(one, id, reasons), "isoline.root": one.root }]),
  ] as const;
  return {
    eat_profile: PROFILE,
    eat_nonce: jose.encode(challenge),
    "ear.verifier-id": { developer: "isoline", build },
    "isoline.evidence": `sha256:${evidenceDigest}`,
    submods: Object.fromEntries(submods),
    ...(reasons.leftOut > 0 && { "isoline.reasons-left-out": reasons.leftOut }),
  };
}

function submodOf(
  { status, checks }: Appraised,
  policy: string | undefined,
  reasons: Reasons,
): Record<string, unknown> {
  const failed = checks.filter(({ outcome }) => outcome === "failed");
  return {
    "ear.status": statuses[status],
    "ear.trustworthiness-vector": vectorOf(checks),
    ...(policy !== undefined && { "ear.appraisal-policy-id": policy }),
    ...(failed.length > 0 && {
      "isoline.failures": failed.map(({ name, failure, why }) => ({ check: name, failure, why: reasons.told(why) })),
    }),
  };
}

/** Letters of one reason, and of all in a result: each of thousands of canisters may have a node's own words, as long as it likes. */
const MOST_REASON = 2000;
const MOST_REASONS = 2 ** 16;

/** The reasons of a result, up to a bound. Every failed check is named with its class, whether its reason is told or not. */
class Reasons {
  leftOut = 0;
  #left = MOST_REASONS;

  told(why = ""): string | undefined {
    // None of the letters is half.
    const told = why.length <= MOST_REASON ? why : `${why.slice(0, MOST_REASON - 1).replace(/\p{Surrogate}$/u, "")}…`;
    if (told.length <= this.#left) {
      this.#left -= told.length;
      return told;
    }
    this.leftOut++;
    return undefined;
  }
}

/** 2 affirms, 32 warns, 96 and above contradict (draft-ietf-rats-ar4si, 2.3.2); the worst check of a claim counts. */
function vectorOf(checks: readonly Check[]): Record<string, number> {
  const values = { passed: 2, warned: 32, failed: 96 } as const;
  const vector: Record<string, number> = {};
  for (const { name, outcome } of checks) {
    const claim = claims[name];
    if (claim !== undefined) vector[claim] = Math.max(vector[claim] ?? 0, values[outcome]);
  }
  return vector;
}
