/** What an operator trusts, as files in one folder; of the same form as for `isoline attest verify` (docs/attestation.md). */
import { X509Certificate } from "node:crypto";
import { join } from "node:path";
import { MACHINE_NAME } from "@isoline/attest/tee";
import { verifierOf } from "@isoline/core/verify";
import { VerifierError } from "../error.ts";
import type { Trusted } from "../fleet/index.ts";
import { openMachines } from "./machines.ts";
import { assertFolder, assertWayIsSafe, isThere, readTrusted, trustedFiles } from "./secrets.ts";

const PEM = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/** What is in the folder may be missing; the folder itself may not. */
export async function openTrust(folder: string): Promise<Trusted> {
  assertWayIsSafe(folder);
  assertFolder(folder);
  const certificates = trustedFiles(join(folder, "makers")).flatMap(({ name, bytes }) => certificatesIn(name, bytes));
  const isRoot = (one: X509Certificate) => one.checkIssued(one) && one.verify(one.publicKey);
  return {
    makers: {
      roots: certificates.filter(isRoot).map(({ raw }) => raw),
      between: certificates.filter((one) => !isRoot(one)).map(({ raw }) => raw),
    },
    endorsements: endorsementsIn(join(folder, "endorsements")),
    teeMachines: machinesIn(join(folder, "tee-machines")),
    policySigners: await signersIn(join(folder, "policy-signers")),
    contourSigners: await signersIn(join(folder, "contour-signers")),
    machines: await openMachines(folder),
  };
}

function certificatesIn(name: string, bytes: Buffer): X509Certificate[] {
  if (bytes.length === 0)
    throw unfit(`makers/${name}: expected certificates in PEM, or one in DER, got an empty file; make it anew`);
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
  if (!isThere(path)) return undefined;
  const lines = linesIn(path);
  const odd = lines.find((line) => !/^(?:[0-9a-f]{64}|[0-9a-f]{96})$/.test(line));
  if (odd !== undefined)
    throw unfit(`endorsements: expected 64 or 96 hexadecimal digits, got ${JSON.stringify(odd.slice(0, 40))}`);
  return new Set(lines);
}

/**
 * Confidential machines, one a line: the name that a refusal or isoline fleet show gives it, and how many nodes it may have, 1 if left out.
 * `#` begins a comment. No file: any machine that the policy of the node accepts.
 */
function machinesIn(path: string): ReadonlyMap<string, number> | undefined {
  if (!isThere(path)) return undefined;
  const lines = linesIn(path).map((line) => {
    const [name = "", number = "1", ...more] = line.split(/\s+/);
    const isRead = MACHINE_NAME.test(name) && /^[1-9]\d{0,3}$/.test(number) && more.length === 0;
    if (!isRead)
      throw unfit(`tee-machines: expected snp:ID or tdx:ID and a number, got ${JSON.stringify(line.slice(0, 40))}`);
    return [name, Number(number)] as const;
  });
  const twice = lines.find(([name], at) => lines.findIndex(([other]) => other === name) !== at);
  if (twice !== undefined) throw unfit(`tee-machines: expected each machine once, got ${twice[0].slice(0, 40)}… twice`);
  return new Map(lines);
}

/** Without comments and empty ones. */
const linesIn = (path: string): readonly string[] =>
  readTrusted(path)
    .toString("latin1")
    .split("\n")
    .map((line) => line.replace(/#.*/, "").trim())
    .filter((line) => line !== "");

async function signersIn(folder: string) {
  const keys = trustedFiles(folder).map(({ name, bytes }) => ({ name, pem: bytes.toString("latin1") }));
  for (const key of keys) await verifierOf(key);
  return keys;
}

const unfit = (why: string) => new VerifierError("bad-configuration", why);
