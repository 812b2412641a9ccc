/**
 * What a node keeps of the verifier that it is enrolled at: one file in a directory that no other user can enter.
 *
 *   DIRECTORY/node.json    the verifier's address, the node's name and token, and which TPM it attests with, or the key of a node without
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../error.ts";
import { keptByHost } from "../store/host-directory.ts";
import { readRegular } from "../store/bounded-file.ts";
import { assertWritable, writeDurably } from "../store/output.ts";
import { formed, optional, type ReadAs, table, text, word } from "./answer.ts";
import { assertClosed, isThere } from "./closed.ts";
import { digest, nodeName } from "./model.ts";
import { FleetServer } from "./server.ts";

const MOST_BYTES = 1024 * 1024;
const FILE = "node.json";

const enrolledAt = table({
  isoline: word("fleet node 1"),
  server: text(2048),
  ca: optional(text(512 * 1024)),
  name: nodeName,
  node: digest,
  nodeToken: formed(/^[\x21-\x7e]{8,4096}$/, "a token"),
  tpm: optional(text(4096)),
  machineKey: optional(
    formed(/^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]{1,1024}-----END PRIVATE KEY-----\n$/, "a key"),
  ),
  certificate: optional(text(4096)),
  key: optional(text(4096)),
});

/**
 * What is kept. `tpm` is the address of the TPM, `node` the id of its attestation key; in place of `tpm` a node that has none has
 * `machineKey`, its private key in PEM. `certificate` and `key` are files for a verifier that asks its nodes for certificates.
 */
export type EnrolledAt = Omit<ReadAs<typeof enrolledAt>, "isoline">;

/** Where it is kept unless another place is named. */
export const usualNodePlace = (): string => keptByHost("fleet");

/** Room for an enrolment beside its certificates: tokens, keys and names. */
const ROOM = 32 * 1024;

/** What is known of an enrolment before there is one. */
type Planned = Pick<EnrolledAt, "ca" | "certificate" | "key">;

/**
 * Makes the place ready, and refuses one where an enrolment could not be kept: to be called before a token is used, since what the
 * verifier answers is said once.
 */
export function preparePlace(directory: string, { ca = "", certificate, key }: Planned): void {
  const path = join(directory, FILE);
  makeClosed(directory);
  if (lstatSync(path, { throwIfNoEntry: false }) !== undefined)
    throw new CliError(
      "bad-fleet-configuration",
      `${path}: this node is enrolled already; remove the file to enrol it anew, or name another --state`,
    );
  assertWritable(path, 2 * ca.length + ROOM);
  if (certificate !== undefined && key !== undefined) assertPair(certificate, key);
}

function makeClosed(directory: string): void {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (fault) {
    // What is there and no directory is named below.
    if ((fault as NodeJS.ErrnoException).code !== "EEXIST")
      throw new CliError("cannot-write", `cannot make ${directory}: ${(fault as Error).message}; name another --state`);
  }
  assertClosed(directory, "directory");
}

export function keepEnrolment(directory: string, enrolment: EnrolledAt): void {
  makeClosed(directory);
  writeDurably(
    join(directory, FILE),
    [`${JSON.stringify({ isoline: "fleet node 1", ...enrolment }, null, 2)}\n`],
    0o600,
  );
}

/** Refuses a file or a directory that others can read: it holds the node's token. */
export function readEnrolment(directory: string): EnrolledAt {
  const path = join(directory, FILE);
  if (!isThere(path))
    throw new CliError(
      "bad-fleet-configuration",
      `${path}: this node is enrolled at no verifier; do so with isoline fleet join`,
    );
  assertClosed(directory, "directory");
  assertClosed(path, "file");
  const bytes = readRegular(path, MOST_BYTES, "the enrolment of this node");
  const enrolment = enrolmentIn(bytes);
  if (enrolment === undefined)
    throw new CliError("bad-fleet-configuration", `${path}: it is damaged; remove it, and enrol the node anew`);
  if (enrolment.ca?.trim() !== "") return enrolment;
  throw new CliError(
    "bad-fleet-configuration",
    `${path}: expected certificates as "ca", got none; remove "ca" from it if every public authority is to be believed, or enrol anew`,
  );
}

/** Undefined where it is damaged: the reason would quote the file, and so the token. */
function enrolmentIn(bytes: Buffer): EnrolledAt | undefined {
  try {
    const { isoline: _, ...enrolment } = enrolledAt(JSON.parse(bytes.toString("utf8")), FILE);
    return (enrolment.tpm === undefined) === (enrolment.machineKey === undefined) ? undefined : enrolment;
  } catch {
    return undefined;
  }
}

/** The verifier of this node, to which the node shows its token, or its certificate where it has one. */
export function serverOf({ server: url, ca, nodeToken: token, certificate, key }: EnrolledAt): FleetServer {
  if (certificate === undefined || key === undefined) return new FleetServer({ url, ca, token, isNode: true });
  return new FleetServer({ url, ca, certificate: () => pairIn(certificate, key), isNode: true });
}

function pairIn(certificate: string, key: string) {
  // Behind a link that a renewal moves, each version has a name of its own.
  assertClosed(key, "file", "copy the key to a regular file of mode 0600, and renew it there");
  return {
    cert: readRegular(certificate, MOST_BYTES, "a certificate in PEM").toString("latin1"),
    key: readRegular(key, MOST_BYTES, "a private key in PEM").toString("latin1"),
  };
}

/** Refuses files that no request could show. */
function assertPair(certificate: string, key: string): void {
  const pair = pairIn(certificate, key);
  try {
    if (new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))) return;
  } catch {
    // Said below: the reason could quote the key.
  }
  throw new CliError(
    "bad-fleet-configuration",
    `expected a certificate in PEM as ${certificate} and its own private key as ${key}, got others; name two that belong together`,
  );
}
