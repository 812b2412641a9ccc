/** The files that say what a verifier trusts of confidential machines; docs/attestation.md says which there are. */
import { AttestError } from "../error.ts";
import type { SignedStatement, TdxCollateral } from "../tee/index.ts";
import {
  type Certificate,
  isEqual,
  isSignedBy,
  parseCertificate,
  parseCertificates,
  parseRevocationList,
} from "../x509/index.ts";
import type { MachineTrust } from "./question.ts";

/** The certificates of makers in a file: PEM, or one in DER. Refuses anything else with `bad-certificate`. */
export function makersIn(file: Uint8Array): readonly Certificate[] {
  const text = textOf(file);
  return text.includes("-----BEGIN") ? parseCertificates(text) : [parseCertificate(Uint8Array.from(file))];
}

/** A certificate that signed itself is a root; others are believed only below a root. */
export async function rootsAmong(all: readonly Certificate[]): Promise<Pick<MachineTrust, "roots" | "between">> {
  const roots: Uint8Array[] = [];
  const between: Uint8Array[] = [];
  for (const one of all) ((await isRoot(one)) ? roots : between).push(one.der);
  return { roots, between };
}

async function isRoot(one: Certificate): Promise<boolean> {
  return isEqual(one.issuer, one.subject) && (await isSignedBy(one.key, one.scheme, one.signature, one.signed));
}

/** A revocation list in DER. Refuses anything else with `bad-certificate`. */
export function revocationsIn(file: Uint8Array): Uint8Array {
  const der = Uint8Array.from(file);
  parseRevocationList(der);
  return der;
}

/** Intel's statements, as its service answers, under the names that its clients give to the parts. Refuses others with `bad-tee-report`. */
export function collateralIn(file: Uint8Array): TdxCollateral {
  const told = tableIn(textOf(file));
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

function tableIn(text: string): Readonly<Record<string, unknown>> {
  try {
    const read: unknown = JSON.parse(text);
    if (typeof read === "object" && read !== null) return read as Readonly<Record<string, unknown>>;
  } catch {
    // Said below.
  }
  throw new AttestError("bad-tee-report", "expected Intel's statements in JSON, got something else; fetch them anew");
}

const textOf = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
