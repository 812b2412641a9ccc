/**
 * What a node keeps of the verifier that it is enrolled at: one file in a directory that no other user can enter.
 *
 *   DIRECTORY/node.json    the verifier's address, the node's name and token, and which TPM it attests with, or the key of a node without
 */
import { lstatSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { CliError } from "../error.ts";
import { keptByHost } from "../store/host-directory.ts";
import { readRegular } from "../store/bounded-file.ts";
import { writeDurably } from "../store/output.ts";
import { formed, optional, type ReadAs, table, text, word } from "./answer.ts";
import { digest, nodeName } from "./model.ts";
import { FleetServer } from "./server.ts";

const MOST_BYTES = 1024 * 1024;
const OTHERS = 0o077;
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

/** Refuses to take the place of an enrolment that is there. */
export function assertNotEnrolled(directory: string): void {
  if (lstatSync(join(directory, FILE), { throwIfNoEntry: false }) === undefined) return;
  throw new CliError(
    "bad-fleet-configuration",
    `${join(directory, FILE)}: this node is enrolled already; remove the file to enrol it anew, or name another --state`,
  );
}

export function keepEnrolment(directory: string, enrolment: EnrolledAt): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  assertClosed(directory, "directory");
  writeDurably(
    join(directory, FILE),
    [`${JSON.stringify({ isoline: "fleet node 1", ...enrolment }, null, 2)}\n`],
    0o600,
  );
}

/** Refuses a file or a directory that others can read: it holds the node's token. */
export function readEnrolment(directory: string): EnrolledAt {
  const path = join(directory, FILE);
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined)
    throw new CliError(
      "bad-fleet-configuration",
      `${path}: this node is enrolled at no verifier; do so with isoline fleet join`,
    );
  assertClosed(directory, "directory");
  assertClosed(path, "file");
  const bytes = readRegular(path, MOST_BYTES, "the enrolment of this node");
  try {
    const { isoline: _, ...enrolment } = enrolledAt(JSON.parse(bytes.toString("utf8")), FILE);
    if ((enrolment.tpm === undefined) !== (enrolment.machineKey === undefined)) return enrolment;
  } catch {
    // Said below: the reason would quote the file, and so the token.
  }
  throw new CliError("bad-fleet-configuration", `${path}: it is damaged; remove it, and enrol the node anew`);
}

/** The verifier of this node, to which the node shows its token, or its certificate where it has one. */
export function serverOf({ server: url, ca, nodeToken: token, certificate, key }: EnrolledAt): FleetServer {
  if (certificate === undefined || key === undefined) return new FleetServer({ url, ca, token, isNode: true });
  const read = () => {
    assertClosed(key, "file");
    return {
      cert: readRegular(certificate, MOST_BYTES, "a certificate in PEM").toString("latin1"),
      key: readRegular(key, MOST_BYTES, "a private key in PEM").toString("latin1"),
    };
  };
  return new FleetServer({ url, ca, certificate: read, isNode: true });
}

/** Refuses what belongs to another user, or is open to others. */
export function assertClosed(path: string, kind: "file" | "directory"): void {
  const { uid, mode, isKind } = factsOf(path, kind);
  if (isKind && (uid === 0 || uid === process.geteuid?.()) && (mode & OTHERS) === 0) return;
  throw new CliError(
    "bad-fleet-configuration",
    `${path}: expected a ${kind} of yours that is closed to others, got ${
      isKind ? `one of user ${uid} with mode 0${(mode & 0o777).toString(8)}` : "something else"
    }; chmod ${kind === "file" ? "600" : "700"} it`,
  );
}

function factsOf(path: string, kind: "file" | "directory") {
  const stat = lstatSync(path, { throwIfNoEntry: false });
  const isKind = kind === "file" ? stat?.isFile() : stat?.isDirectory();
  return { uid: stat?.uid ?? -1, mode: stat?.mode ?? 0, isKind: isKind === true };
}
