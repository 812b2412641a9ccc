/**
 * The result of an appraisal as an EAT Attestation Result (draft-ietf-rats-ear), a JWT (RFC 7519) that a relying party can check
 * without knowing TPMs: one submodule for the node, one for each canister.
 */
import { type CryptoKey, jwtVerify, SignJWT } from "jose";
import type { Appraisal, Appraised } from "./appraise.ts";
import type { Check, CheckName, Status } from "./findings.ts";

/** The profile under which the claims below are defined (draft-ietf-rats-ear, 4). */
const PROFILE = "tag:github.com,2023:veraison/ear";
const TYPE = "eat+jwt";
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

/** Signs a result. It is valid for as long as the policy says. */
export async function signEar(
  appraisal: Appraisal,
  { key, algorithm, now, build }: { key: CryptoKey; algorithm: EarAlgorithm; now: Date; build: string },
): Promise<string> {
  const issued = Math.floor(now.getTime() / 1000);
  return new SignJWT(claimsOf(appraisal, build))
    .setProtectedHeader({ alg: algorithm, typ: TYPE })
    .setIssuedAt(issued)
    .setExpirationTime(issued + (appraisal.policy?.validity ?? 0))
    .sign(key);
}

/** The claims of a result that this verifier key signed, and that is valid at that time. */
export async function verifyEar(ear: string, key: CryptoKey, now: Date): Promise<Readonly<Record<string, unknown>>> {
  const { payload } = await jwtVerify(ear, key, { typ: TYPE, algorithms: ["EdDSA", "ES256"], currentDate: now });
  return payload;
}

function claimsOf(appraisal: Appraisal, build: string): Record<string, unknown> {
  const { policy, node, platform, canisters, challenge, evidenceDigest, root } = appraisal;
  const id = policy && `${policy.name} ${policy.version} sha256:${policy.digest}`;
  const submods = [
    ["node", { ...submodOf(platform, id), "isoline.root": root, ...(node !== undefined && { "isoline.node": node }) }],
    ...canisters.map((one) => [`canister/${one.label}`, { ...submodOf(one, id), "isoline.root": one.root }]),
  ] as const;
  return {
    eat_profile: PROFILE,
    eat_nonce: base64url(challenge),
    "ear.verifier-id": { developer: "isoline", build },
    "isoline.evidence": `sha256:${evidenceDigest}`,
    submods: Object.fromEntries(submods),
  };
}

function submodOf({ status, checks }: Appraised, policy: string | undefined): Record<string, unknown> {
  const failed = checks.filter(({ outcome }) => outcome === "failed");
  return {
    "ear.status": statuses[status],
    "ear.trustworthiness-vector": vectorOf(checks),
    ...(policy !== undefined && { "ear.appraisal-policy-id": policy }),
    ...(failed.length > 0 && {
      "isoline.failures": failed.map(({ name, failure, why }) => ({ check: name, failure, why })),
    }),
  };
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

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replace(/=+$/, "");
}
