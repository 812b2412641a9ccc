/** The makers of TPMs that a verifier trusts. */
import { X509Certificate } from "node:crypto";
import type { Makers } from "@isoline/attest/tpm";
import { CliError } from "../../error.ts";
import type { TrustDirectory } from "./directory.ts";

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** A certificate that signed itself is a root. What lies between a root and a TPM is trusted only because a root signed it. */
export function readMakers(trust: TrustDirectory): Makers {
  const certificates = trust.files("makers").flatMap(({ path, bytes }) => certificatesIn(path, bytes));
  if (certificates.length === 0)
    throw new CliError(
      "cannot-read",
      `${trust.path}/makers: expected the root certificate of a TPM's maker, found none; put the roots there that you trust`,
    );
  const isRoot = (one: X509Certificate) => one.checkIssued(one) && one.verify(one.publicKey);
  return {
    roots: certificates.filter(isRoot).map(({ raw }) => raw),
    between: certificates.filter((one) => !isRoot(one)).map(({ raw }) => raw),
  };
}

function certificatesIn(path: string, bytes: Buffer): X509Certificate[] {
  if (bytes.length === 0)
    throw new CliError(
      "cannot-read",
      `${path}: expected certificates in PEM, or one in DER, got an empty file; make it anew`,
    );
  const text = bytes.toString("latin1");
  const blocks = text.includes("-----BEGIN") ? (text.match(PEM) ?? []) : [bytes];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // Said below.
  }
  throw new CliError("cannot-read", `${path}: expected certificates in PEM, or one in DER; name a file that has them`);
}
