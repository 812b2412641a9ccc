/**
 * Compares a file with its `security.ima` (security/integrity/ima/ima_appraise.c, ima_appraise_measurement and xattr_verify):
 * the same verdicts, and the same words for the causes.
 */
import type { AppraiseType } from "../policy/rule.ts";
import type { HashAlgorithm } from "../hash-algorithms.ts";
import { readImaAttribute } from "./attribute.ts";
import type { Keyring } from "./keyring.ts";
import { isModSignatureGood, type ModSignature } from "./modsig.ts";
import { verifyImaSignature } from "./signature.ts";

/** The data for one appraisal. */
export interface Appraised {
  /** `security.ima`; undefined if the file has none. */
  readonly attribute: Buffer | undefined;
  /** Digest of the content, or the fs-verity digest, in the algorithm that was requested; undefined if there is none. */
  readonly digest: (algorithm: HashAlgorithm) => Buffer | undefined;
  /** The signature appended to the file, if the rules permit one. */
  readonly appended?: (() => ModSignature | undefined) | undefined;
  /** The rules require fs-verity. */
  readonly verity: boolean;
  readonly type: AppraiseType | undefined;
  /** Algorithms that the rule permits for a digest; undefined is any. */
  readonly algorithms: readonly string[] | undefined;
}

export interface Appraisal {
  readonly status: "pass" | "fail" | "no-label" | "unknown";
  /** The kernel's word for the cause; undefined if the file is good. */
  readonly cause: string | undefined;
  /** The file is signed: it may not be opened for writing. */
  readonly signed: boolean;
}

/** An appended signature counts if the attribute has none, or one of an unknown key. */
export function appraise(file: Appraised, keys: Keyring): Appraisal {
  const byAttribute = appraiseAttribute(file, keys);
  if (byAttribute.status === "pass" || file.type !== "imasig|modsig" || !leavesOpen(file, keys)) return byAttribute;
  const appended = file.appended?.();
  if (appended === undefined) return byAttribute;
  if (!isModSignatureGood(appended, keys)) return failed("invalid-signature", byAttribute.signed);
  return passed(file, appended.algorithm, byAttribute.signed);
}

function leavesOpen({ attribute }: Appraised, keys: Keyring): boolean {
  const value = attribute === undefined ? undefined : readImaAttribute(attribute);
  if (value?.kind === "signature") return value.over === "content" && keys.find(value.keyId).length === 0;
  // The kernel does not skip the algorithm check for a digest in the form without an algorithm (IMA_XATTR_DIGEST_NG).
  return attribute === undefined || (value?.kind === "digest" && attribute[0] === 0x04);
}

function appraiseAttribute(file: Appraised, keys: Keyring): Appraisal {
  const { attribute, type, verity } = file;
  const needsSignature = type !== undefined;
  if (attribute === undefined) {
    const cause = needsSignature ? signatureRequired(verity) : "missing-hash";
    return { status: "no-label", cause, signed: false };
  }
  const value = readImaAttribute(attribute);
  switch (value.kind) {
    case "unknown":
      return { status: "unknown", cause: "unknown-ima-data", signed: false };
    case "malformed-digest":
      return failed(needsSignature ? signatureRequired(verity) : "invalid-hash", false);
    case "malformed-signature":
      return failed(wrongSignature(value, file) ?? "invalid-signature", true);
    case "digest": {
      if (needsSignature) return failed(signatureRequired(verity), false);
      const digest = file.digest(value.algorithm);
      if (digest === undefined || !digest.equals(value.digest)) return failed("invalid-hash", false);
      return passed(file, value.algorithm, false);
    }
    case "signature": {
      const wrong = wrongSignature(value, file);
      if (wrong !== undefined) return failed(wrong, true);
      const digest = file.digest(value.algorithm);
      if (digest === undefined || verifyImaSignature(value, digest, keys) !== "good")
        return failed(value.over === "verity" ? "invalid-verity-signature" : "invalid-signature", true);
      return passed(file, value.algorithm, true);
    }
  }
}

/** A signature of another kind or version than the rules require. */
function wrongSignature(
  { over, version }: { readonly over: "content" | "verity"; readonly version: number | undefined },
  { type, verity }: Appraised,
): string | undefined {
  if (over === "content") {
    if (type !== undefined && verity) return "verity-signature-required";
    if (type === "sigv3" && version !== 3) return "IMA-sigv3-required";
    if (version === 2 || version === 3) return undefined;
    // Version 1 has another form and other kinds of keys, which are not supported here.
    return version !== undefined && version > 3 ? "invalid-signature-version" : "invalid-signature";
  }
  // An fs-verity signature is over another digest than the one that was requested.
  if (!verity) return type === undefined ? "invalid-verity-signature" : "IMA-signature-required";
  return version === 3 ? undefined : "invalid-signature-version";
}

function signatureRequired(verity: boolean): string {
  return verity ? "verity-signature-required" : "IMA-signature-required";
}

function passed({ algorithms }: Appraised, algorithm: HashAlgorithm, signed: boolean): Appraisal {
  if (algorithms !== undefined && !algorithms.includes(algorithm.name)) return failed("denied-hash-algorithm", signed);
  return { status: "pass", cause: undefined, signed };
}

function failed(cause: string, signed: boolean): Appraisal {
  return { status: "fail", cause, signed };
}
