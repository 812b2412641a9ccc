/** What an operator trusts, as files in one folder; of the same form as for `isoline attest verify` (docs/attestation.md). */
import { X509Certificate } from "node:crypto";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { verifierOf } from "@isoline/core/verify";
import { VerifierError } from "../error.ts";
import type { Trusted } from "../fleet/index.ts";
import { openMachines } from "./machines.ts";
import { readTrusted, trustedFiles } from "./secrets.ts";

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

export async function openTrust(folder: string): Promise<Trusted> {
  const certificates = trustedFiles(join(folder, "makers")).flatMap(({ name, bytes }) => certificatesIn(name, bytes));
  const isRoot = (one: X509Certificate) => one.checkIssued(one) && one.verify(one.publicKey);
  return {
    makers: {
      roots: certificates.filter(isRoot).map(({ raw }) => raw),
      between: certificates.filter((one) => !isRoot(one)).map(({ raw }) => raw),
    },
    endorsements: endorsementsIn(join(folder, "endorsements")),
    policySigners: await signersIn(join(folder, "policy-signers")),
    contourSigners: await signersIn(join(folder, "contour-signers")),
    machines: await openMachines(folder),
  };
}

function certificatesIn(name: string, bytes: Buffer): X509Certificate[] {
  const text = bytes.toString("latin1");
  const blocks = text.includes("-----BEGIN") ? (text.match(PEM) ?? []) : [bytes];
  try {
    if (blocks.length > 0) return blocks.map((block) => new X509Certificate(block));
  } catch {
    // Said below.
  }
  throw unfit(`makers/${name}: expected certificates in PEM, or one in DER`);
}

/** Digests of the Names of keys, 64 hexadecimal digits for RSA and 96 for P-384; `#` begins a comment. No file: any key of these makers. */
function endorsementsIn(path: string): ReadonlySet<string> | undefined {
  if (!existsSync(path)) return undefined;
  const lines = readTrusted(path)
    .toString("latin1")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");
  const odd = lines.find((line) => !/^(?:[0-9a-f]{64}|[0-9a-f]{96})$/.test(line));
  if (odd !== undefined)
    throw unfit(`endorsements: expected 64 or 96 hexadecimal digits, got ${JSON.stringify(odd.slice(0, 40))}`);
  return new Set(lines);
}

async function signersIn(folder: string) {
  const keys = trustedFiles(folder).map(({ name, bytes }) => ({ name, pem: bytes.toString("latin1") }));
  for (const key of keys) await verifierOf(key);
  return keys;
}

const unfit = (why: string) => new VerifierError("bad-configuration", why);
