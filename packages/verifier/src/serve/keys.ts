/**
 * The keys of a verifier, in one folder:
 *
 *   ear.pem            signs results; Ed25519, or ECDSA on P-256
 *   challenge-*.key    secrets of challenges, 32 bytes or more each; the last by name makes them, all of them check
 *
 * What is missing is made. Verifiers on one database need the same files: docs/verifier.md says how keys are changed.
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes, sign, webcrypto } from "node:crypto";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { type Appraisal, type EarAlgorithm, type RevocationEpoch, signEar, signEpoch } from "@isoline/attest/appraise";
import { ChallengeKeys } from "../challenge/challenge.ts";
import { VerifierError } from "../error.ts";
import type { SignResult } from "../fleet/index.ts";
import { readSecret, secretFolder, writeSecret } from "./secrets.ts";

export interface VerifierKeys {
  readonly challenges: ChallengeKeys;
  readonly sign: SignResult;
  readonly signEpoch: (epoch: RevocationEpoch, now: Date) => Promise<string>;
  /** For those who check results, in PEM. */
  readonly earPublic: string;
}

/** Seconds that a party may rely on an epoch before it asks for it again. */
const EPOCH_SECONDS = 60;

/** `build` is named in results. */
export async function openKeys(path: string, build: string): Promise<VerifierKeys> {
  const folder = secretFolder(path);
  const ear = join(folder, "ear.pem");
  if (!existsSync(ear))
    writeSecret(ear, generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }) as string);
  const names = () =>
    readdirSync(folder)
      .filter((name) => /^challenge-[A-Za-z0-9._-]+\.key$/.test(name))
      .sort();
  if (names().length === 0) writeSecret(join(folder, "challenge-1.key"), randomBytes(32));
  const challenges = new ChallengeKeys(names().map((name) => readSecret(join(folder, name))));
  return { challenges, ...(await earSigner(ear, build)) };
}

async function earSigner(path: string, build: string) {
  const read = privateKeyIn(path);
  const isEd25519 = read.asymmetricKeyType === "ed25519";
  if (!isEd25519 && read.asymmetricKeyDetails?.namedCurve !== "prime256v1")
    throw new VerifierError(
      "bad-configuration",
      `${path}: expected a key for Ed25519 or ECDSA on P-256, got ${read.asymmetricKeyType ?? "another"}; make one with openssl genpkey`,
    );
  const algorithm: EarAlgorithm = isEd25519 ? "EdDSA" : "ES256";
  const how = isEd25519 ? "Ed25519" : { name: "ECDSA", namedCurve: "P-256" };
  const der = read.export({ type: "pkcs8", format: "der" });
  const key = await webcrypto.subtle.importKey("pkcs8", der, how, false, ["sign"]);
  // On this thread: a thread of WebCrypto's for each result costs more than the signature.
  const compact = (header: object, claims: object) => {
    const said = `${base64url(header)}.${base64url(claims)}`;
    const by = { key: read, dsaEncoding: "ieee-p1363" } as const;
    return `${said}.${sign(isEd25519 ? null : "sha256", Buffer.from(said), by).toString("base64url")}`;
  };
  return {
    sign: (appraisal: Appraisal, now: Date, epoch: number, most: number) =>
      signEar(appraisal, { key, algorithm, compact, now, build, epoch, most }),
    signEpoch: (epoch: RevocationEpoch, now: Date) => signEpoch(epoch, { key, algorithm, now, seconds: EPOCH_SECONDS }),
    earPublic: createPublicKey(read).export({ type: "spki", format: "pem" }) as string,
  };
}

const base64url = (document: object) => Buffer.from(JSON.stringify(document)).toString("base64url");

function privateKeyIn(path: string) {
  const bytes = readSecret(path);
  try {
    return createPrivateKey(bytes);
  } catch {
    throw new VerifierError(
      "bad-configuration",
      `${path}: expected a private key in PEM, got something else; restore it from a backup`,
    );
  }
}
