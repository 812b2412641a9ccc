/** What a verifier trusts of confidential machines: their makers, what was revoked, Intel's statements, and nodes without a TPM. */
import { createPublicKey } from "node:crypto";
import type { MachineTrust } from "@isoline/attest/appraise";
import { AttestError } from "@isoline/attest/error";
import { IsolineError } from "@isoline/core/error";
import { nodeIdByKey, type SignedStatement, type TdxCollateral } from "@isoline/attest/tee";
import {
  type Certificate,
  isEqual,
  isSignedBy,
  parseCertificate,
  parseCertificates,
  parseRevocationList,
} from "@isoline/attest/x509";
import { CliError } from "../../error.ts";
import type { TrustDirectory, TrustedFile } from "./directory.ts";

/** A node that has no TPM: it is known by its engine's key. */
export interface MachineNode {
  readonly name: string;
  readonly id: string;
  /** SubjectPublicKeyInfo in DER. */
  readonly key: Uint8Array;
}

const SUFFIX = ".pub";

export function readMachineNodes(trust: TrustDirectory): readonly MachineNode[] {
  return trust
    .files("tee-nodes")
    .filter(({ name }) => name.endsWith(SUFFIX))
    .map(({ name, path, bytes }) => {
      const key = publicInfoIn(path, bytes);
      return { name: name.slice(0, -SUFFIX.length), id: nodeIdByKey(key), key };
    });
}

/** A public key in PEM, as SubjectPublicKeyInfo in DER. */
export function publicInfoIn(path: string, bytes: Buffer): Uint8Array {
  const text = bytes.toString("latin1");
  try {
    if (text.includes("-----BEGIN PUBLIC KEY-----"))
      return Uint8Array.from(createPublicKey(text).export({ type: "spki", format: "der" }));
  } catch {
    // Said below.
  }
  throw new CliError("cannot-read", `${path}: expected a public key in PEM; openssl pkey -pubout writes one`);
}

/** Undefined where no maker is trusted. A certificate that signed itself is a root; others are believed only below a root. */
export async function readMachineTrust(
  trust: TrustDirectory,
  nodes: readonly MachineNode[],
): Promise<MachineTrust | undefined> {
  const certificates = trust.files("tee-makers").flatMap((file) => readIn(file, certificatesIn));
  if (certificates.length === 0) return undefined;
  const roots: Uint8Array[] = [];
  const between: Uint8Array[] = [];
  for (const one of certificates) ((await isRoot(one)) ? roots : between).push(one.der);
  return {
    nodes,
    roots,
    between,
    revocations: trust.files("tee-revocations").map((file) => readIn(file, revocationsIn)),
    collateral: trust.files("tee-collateral").map((file) => readIn(file, collateralIn)),
  };
}

async function isRoot(one: Certificate): Promise<boolean> {
  return isEqual(one.issuer, one.subject) && (await isSignedBy(one.key, one.scheme, one.signature, one.signed));
}

const certificatesIn = (bytes: Buffer): readonly Certificate[] => {
  const text = bytes.toString("latin1");
  return text.includes("-----BEGIN") ? parseCertificates(text) : [parseCertificate(Uint8Array.from(bytes))];
};

function revocationsIn(bytes: Buffer): Uint8Array {
  const der = Uint8Array.from(bytes);
  parseRevocationList(der);
  return der;
}

/** As Intel's service answers, under the names that its clients give to the parts of its answers. */
function collateralIn(bytes: Buffer): TdxCollateral {
  const read: unknown = JSON.parse(bytes.toString("utf8"));
  const told = (typeof read === "object" && read !== null ? read : {}) as Readonly<Record<string, unknown>>;
  const part = (name: string): string => {
    const value = told[name];
    if (typeof value === "string") return value;
    throw new AttestError("bad-tee-report", `expected a text ${name}, got ${typeof value}`);
  };
  const statement = (name: string): SignedStatement => ({
    text: part(name),
    signature: part(`${name}_signature`),
    issuers: part(`${name}_issuer_chain`),
  });
  return { tcbInfo: statement("tcb_info"), qeIdentity: statement("qe_identity") };
}

function readIn<T>({ path, bytes }: TrustedFile, read: (bytes: Buffer) => T): T {
  try {
    return read(bytes);
  } catch (fault) {
    if (fault instanceof IsolineError || fault instanceof SyntaxError)
      throw new CliError("cannot-read", `${path}: ${fault.message}; see docs/attestation.md for what belongs there`);
    throw fault;
  }
}
