/** Enrolled nodes, and enrolments that wait for an answer, in a trust directory. */
import { rmSync } from "node:fs";
import { type ActivationAnswer, assertActivated, type EnrolledNode, readNode, writeNode } from "@isoline/attest/enrol";
import { AttestError } from "@isoline/attest/error";
import { CliError } from "../../error.ts";
import { writeDurably } from "../../store/output.ts";
import type { TrustDirectory } from "./directory.ts";

/** A node as an operator calls it. */
export interface NamedNode extends EnrolledNode {
  readonly name: string;
}

/** An answer that comes later than this is refused: the challenge may have been forgotten somewhere. */
const ANSWER_MS = 24 * 60 * 60 * 1000;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$/;
const SUFFIX = ".json";

interface Pending {
  readonly node: string;
  readonly secret: string;
}

export function readNodes(trust: TrustDirectory): readonly NamedNode[] {
  return trust
    .files("nodes")
    .filter(({ name }) => name.endsWith(SUFFIX))
    .map(({ name, bytes }) => ({ ...readNode(bytes), name: name.slice(0, -SUFFIX.length) }));
}

/** Keeps the secret of a challenge until its answer comes. A second challenge for the same node replaces the first. */
export function keepPending(trust: TrustDirectory, node: EnrolledNode, secret: Uint8Array): void {
  const pending: Pending = { node: writeNode(node), secret: Buffer.from(secret).toString("base64") };
  writeDurably(trust.place("pending", node.id + SUFFIX), [`${JSON.stringify(pending)}\n`], 0o600);
}

/** Enrols the node whose TPM opened the secret. Right or wrong, the answer ends the challenge. */
export function settlePending(trust: TrustDirectory, answer: ActivationAnswer, name: string, now: Date): NamedNode {
  assertNodeName(name);
  const kept = trust.file("pending", answer.node + SUFFIX);
  if (kept === undefined)
    throw new AttestError(
      "bad-enrolment",
      `no challenge waits for an answer of node ${answer.node.slice(0, 16)}…; begin with isoline attest enrol --challenge`,
    );
  const { node: text, secret } = pendingIn(kept.bytes);
  const node = readNode(Buffer.from(text));
  assertNew(trust, name, node.id);
  rmSync(kept.path);
  if (now.getTime() - Date.parse(node.enrolled) > ANSWER_MS)
    throw new AttestError("bad-enrolment", "the challenge is more than a day old; begin the enrolment anew");
  assertActivated(answer, node.id, Buffer.from(secret, "base64"));
  return enrolNode(trust, node, name, now);
}

/** The verifier's own file, which it may have lost a part of. */
function pendingIn(bytes: Buffer): Pending {
  try {
    const { node, secret } = JSON.parse(bytes.toString("utf8")) as Partial<Pending>;
    if (typeof node === "string" && typeof secret === "string") return { node, secret };
  } catch {
    // Said below.
  }
  throw new AttestError("bad-enrolment", "what was kept of the challenge is damaged; begin the enrolment anew");
}

/** Enrols a node that has proven itself. */
export function enrolNode(trust: TrustDirectory, node: EnrolledNode, name: string, now: Date): NamedNode {
  assertNew(trust, name, node.id);
  const enrolled = { ...node, enrolled: now.toISOString() };
  writeDurably(trust.place("nodes", name + SUFFIX), [writeNode(enrolled)], 0o600);
  return { ...enrolled, name };
}

export function assertNodeName(name: string): void {
  if (!NAME.test(name))
    throw new CliError(
      "usage",
      `expected a name of letters, digits, _ . and - for the node, got ${JSON.stringify(name.slice(0, 60))}`,
    );
}

/** A node is enrolled under one name; a name that another node has is not taken from it. */
function assertNew(trust: TrustDirectory, name: string, id: string): void {
  for (const node of readNodes(trust)) {
    if (node.name === name && node.id !== id)
      throw new CliError("name-taken", `another node is enrolled as ${name}; choose another name, or remove that node`);
    if (node.id === id && node.name !== name)
      throw new CliError("name-taken", `this node is enrolled as ${node.name} already; use that name, or remove it`);
  }
}
