/**
 * Enrolment of a confidential machine that has no TPM: the node shows a key, the verifier sends a challenge, and the node answers with a
 * report of its machine that names both. Documents of `docs/spec/tee.md`.
 */
import { sha256 } from "@noble/hashes/sha2.js";
import { concatBytes, utf8ToBytes } from "@noble/hashes/utils.js";
import type { ReportEvidence } from "../evidence/index.ts";
import { nodeIdByKey, reportData } from "../tee/index.ts";
import { base64, bytesIn, kindOf, readDocument, textIn, unfit, writeDocument } from "./document.ts";

/** What the kernel gave, without the key that it is about. */
export type MachineReport = Omit<ReportEvidence, "key" | "proof">;

/** What the verifier sends. */
export interface MachineChallenge {
  /** The id of the node that the challenge is for. */
  readonly node: string;
  /** 32 bytes. */
  readonly challenge: Uint8Array;
}

export interface MachineAnswer extends MachineReport {
  readonly node: string;
  /** By the private half of the node's key over the statement: ECDSA with SHA-256, in DER. */
  readonly proof: Uint8Array;
}

const REQUEST = "enrolment request by report 1";
const CHALLENGE = "enrolment challenge by report 1";
const ANSWER = "enrolment answer by report 1";
const STATEMENT = utf8ToBytes("isoline machine enrolment 1");
const ID = /^[0-9a-f]{64}$/;
const PROVIDER = /^[a-z_]{1,64}$/;
const KEY = { least: 32, most: 512 };
const PROOF = { least: 8, most: 256 };
/** A report of SEV-SNP has 1184 bytes, a quote of TDX some 5000; a table of certificates at most 16 384 (SEV_FW_BLOB_MAX_SIZE). */
const REPORT = { least: 1, most: 20_480 };
const CERTIFICATES = { least: 0, most: 20_480 };
const CHALLENGE_BYTES = { least: 32, most: 32 };
const NO_AGGREGATE = new Uint8Array(32);
/** A report outside of evidence is about no canisters. */
const NO_CANISTERS = new Uint8Array(32);

/** `key` is SubjectPublicKeyInfo in DER. */
export const writeMachineRequest = (key: Uint8Array): string => writeDocument(REQUEST, { key: base64(key) });

/** The key in a request. */
export function readMachineRequest(bytes: Uint8Array): Uint8Array {
  return bytesIn(readDocument(bytes, REQUEST, ["key"]), "key", REQUEST, KEY);
}

/** Whether a request is for a node whose proof is a report. Nothing else of it is read. */
export const isMachineRequest = (bytes: Uint8Array): boolean => kindOf(bytes) === REQUEST;

export function writeMachineChallenge({ node, challenge }: MachineChallenge): string {
  return writeDocument(CHALLENGE, { node, challenge: base64(challenge) });
}

export function readMachineChallenge(bytes: Uint8Array): MachineChallenge {
  const table = readDocument(bytes, CHALLENGE, ["node", "challenge"]);
  return {
    node: textIn(table, "node", CHALLENGE, ID),
    challenge: bytesIn(table, "challenge", CHALLENGE, CHALLENGE_BYTES),
  };
}

export function writeMachineAnswer({ node, provider, report, certificates, proof }: MachineAnswer): string {
  const binary = { report: base64(report), certificates: base64(certificates), proof: base64(proof) };
  return writeDocument(ANSWER, { node, provider, ...binary });
}

export function readMachineAnswer(bytes: Uint8Array): MachineAnswer {
  const table = readDocument(bytes, ANSWER, ["node", "provider", "report", "certificates", "proof"]);
  return {
    node: textIn(table, "node", ANSWER, ID),
    provider: textIn(table, "provider", ANSWER, PROVIDER),
    report: bytesIn(table, "report", ANSWER, REPORT),
    certificates: bytesIn(table, "certificates", ANSWER, CERTIFICATES),
    proof: bytesIn(table, "proof", ANSWER, PROOF),
  };
}

/** Refuses an answer for another node than the challenge was for. */
export function assertAnswers(answer: MachineAnswer, node: string): void {
  if (answer.node !== node) throw unfit(ANSWER, `expected one of node ${node.slice(0, 16)}…`);
}

/**
 * "isoline machine enrolment 1" ‖ challenge ‖ length of the name (1 byte) ‖ name ‖ key. The node's key signs it; the report is about it.
 */
export function machineStatement({ challenge }: MachineChallenge, name: string, key: Uint8Array): Uint8Array {
  const told = utf8ToBytes(name);
  if (told.length > 0xff) throw unfit(REQUEST, "expected a name of at most 255 bytes");
  return concatBytes(STATEMENT, challenge, Uint8Array.of(told.length), told, key);
}

/**
 * Report data about a statement that is no evidence: of an enrolment, or of an SVID. Its challenge is SHA-256 of the statement; aggregate
 * and contour are zeros.
 */
export function reportDataOf(statement: Uint8Array, key: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  return reportData({ challenge: sha256(statement), key, aggregate: NO_AGGREGATE, contour: NO_CANISTERS });
}

/** A node without a TPM that a verifier knows: its key, and the machine that its first report was of. */
export interface EnrolledMachine {
  /** As `nodeIdByKey` of its key: evidence names its node by it. */
  readonly id: string;
  /** SubjectPublicKeyInfo in DER. */
  readonly key: Uint8Array;
  /** As `machineName` names it. */
  readonly machine: string;
  /** ISO 8601, UTC. */
  readonly enrolled: string;
}

const ENROLLED = "enrolled machine 1";
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const MACHINE = /^[^\p{C}]{1,256}$/u;

export function writeMachine({ id, key, machine, enrolled }: EnrolledMachine): string {
  return writeDocument(ENROLLED, { id, key: base64(key), machine, enrolled });
}

export function readMachine(bytes: Uint8Array): EnrolledMachine {
  const table = readDocument(bytes, ENROLLED, ["id", "key", "machine", "enrolled"]);
  const key = bytesIn(table, "key", ENROLLED, KEY);
  const id = nodeIdByKey(key);
  if (table["id"] !== id) throw unfit(ENROLLED, "its id is not that of its key");
  return {
    id,
    key,
    machine: textIn(table, "machine", ENROLLED, MACHINE),
    enrolled: textIn(table, "enrolled", ENROLLED, TIME),
  };
}

/** Whether a document is that of an enrolled machine without a TPM. */
export const isMachine = (bytes: Uint8Array): boolean => kindOf(bytes) === ENROLLED;
