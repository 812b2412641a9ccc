/** Enrolment over HTTP: the two steps of a node, its request and its answer, in one. */
import {
  machineStatement,
  nodeIdOf,
  readActivation,
  readMachineChallenge,
  writeAnswer,
  writeMachineAnswer,
  writeMachineRequest,
  writeRequest,
} from "@isoline/attest/enrol";
import { nodeIdByKey, REPORT_DATA_BYTES } from "@isoline/attest/tee";
import { activate, requestOf } from "../attest/node-keys.ts";
import { machineReport, type ReportFiles } from "../attest/tsm/index.ts";
import { usingTpm } from "../attest/using-tpm.ts";
import { CliError } from "../error.ts";
import { MachineKey } from "./machine-key.ts";
import { enrolled, enrolment } from "./model.ts";
import { type EnrolledAt, keepEnrolment, preparePlace } from "./node-place.ts";
import { FleetServer } from "./server.ts";

export interface JoinOrder {
  readonly server: string;
  readonly ca?: string | undefined;
  /** The token that an operator of the verifier made for this node: for one enrolment. */
  readonly token: string;
  /** What the node is to be called. */
  readonly name: string;
  /** Address of the TPM; left out: the node has none, and its confidential machine reports in place of it. */
  readonly tpm?: string | undefined;
  /** Where the kernel gives reports of the machine; its usual place if left out. */
  readonly reports?: ReportFiles | undefined;
  /** Where the enrolment is kept. */
  readonly directory: string;
  /** Files of a client certificate and its key, for a verifier that asks its nodes for one. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/**
 * Enrols this node, and keeps what the verifier gave it. Fails with `fleet-refused` where the token or the proof is not accepted, and
 * before the token is used where the enrolment could not be kept.
 */
export async function joinFleet(order: JoinOrder): Promise<EnrolledAt> {
  const { server: url, ca, name, tpm, directory, certificate, key } = order;
  const server = new FleetServer({ url, ca });
  try {
    preparePlace(directory, order);
    const { answer, id, ...own } = tpm === undefined ? await byReport(server, order) : await byTpm(server, order, tpm);
    if (answer.name !== name || answer.node !== id)
      throw new CliError("bad-fleet-answer", `${server.url.host}: expected node ${name} to be enrolled, got another`);
    const kept = { server: url, name, node: id, nodeToken: answer.nodeToken, ca, certificate, key, ...own };
    keep(directory, kept);
    return kept;
  } finally {
    server.close();
  }
}

/** The place was ready before; what fails now costs the token, and that is said. */
function keep(directory: string, kept: EnrolledAt): void {
  try {
    keepEnrolment(directory, kept);
  } catch (fault) {
    const why = fault instanceof Error ? fault.message : String(fault);
    throw new CliError(
      fault instanceof CliError ? fault.code : "cannot-write",
      `${why}; the verifier enrolled ${kept.name}, what it gave is lost, and the token is used up: make another one, and join again`,
      { cause: fault },
    );
  }
}

/** The secret of the verifier, which the certified TPM alone can open. */
async function byTpm(server: FleetServer, order: JoinOrder, tpm: string) {
  const request = await usingTpm(tpm, requestOf);
  const id = nodeIdOf(request.attestationKey);
  const begun = await begin(server, order, writeRequest(request));
  const activation = readActivation(Buffer.from(begun.challenge));
  assertOurs(server, activation.node, id);
  const secret = await usingTpm(tpm, (open) => activate(open, activation.endorsement, activation));
  return { answer: await end(server, begun.enrolment, writeAnswer({ node: id, secret })), id, tpm };
}

/** A report of this machine, about the verifier's challenge and a key that is made for this enrolment. */
async function byReport(server: FleetServer, order: JoinOrder) {
  const own = MachineKey.made();
  const id = nodeIdByKey(own.info);
  // A machine that gives no report must not use up the token. This one is about nothing, and is not sent.
  await machineReport({ data: new Uint8Array(REPORT_DATA_BYTES), ...(order.reports && { files: order.reports }) });
  const begun = await begin(server, order, writeMachineRequest(own.info));
  const told = readMachineChallenge(Buffer.from(begun.challenge));
  assertOurs(server, told.node, id);
  const shown = await own.shown(machineStatement(told, order.name, own.info), order.reports);
  const answer = await end(server, begun.enrolment, writeMachineAnswer({ node: id, ...shown }));
  return { answer, id, machineKey: own.pem };
}

function begin(server: FleetServer, { name, token }: JoinOrder, request: string) {
  return server.ask("/v1/enrolments", enrolment, json({ name, token, request }));
}

function end(server: FleetServer, begun: string, answer: string) {
  return server.ask(`/v1/enrolments/${encodeURIComponent(begun)}/answer`, enrolled, json({ answer }));
}

function assertOurs(server: FleetServer, node: string, id: string): void {
  if (node !== id)
    throw new CliError(
      "bad-fleet-answer",
      `${server.url.host}: expected a challenge for node ${id.slice(0, 16)}…, got one for another`,
    );
}

/** A body in JSON. */
export function json(value: unknown) {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value) } as const;
}
