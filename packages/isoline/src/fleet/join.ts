/** Enrolment over HTTP: the two steps of a node, its request and its answer, in one. */
import { nodeIdOf, readActivation, writeAnswer, writeRequest } from "@isoline/attest/enrol";
import { activate, requestOf } from "../attest/node-keys.ts";
import { usingTpm } from "../attest/using-tpm.ts";
import { CliError } from "../error.ts";
import { enrolled, enrolment } from "./model.ts";
import { assertNotEnrolled, type EnrolledAt, keepEnrolment } from "./node-place.ts";
import { FleetServer } from "./server.ts";

export interface JoinOrder {
  readonly server: string;
  readonly ca?: string | undefined;
  /** The token that an operator of the verifier made for this node: for one enrolment. */
  readonly token: string;
  /** What the node is to be called. */
  readonly name: string;
  /** Address of the TPM. */
  readonly tpm: string;
  /** Where the enrolment is kept. */
  readonly directory: string;
  /** Files of a client certificate and its key, for a verifier that asks its nodes for one. */
  readonly certificate?: string | undefined;
  readonly key?: string | undefined;
}

/** Enrols this node, and keeps what the verifier gave it. Fails with `fleet-refused` where the token or the TPM is not accepted. */
export async function joinFleet(order: JoinOrder): Promise<EnrolledAt> {
  const { server: url, ca, token, name, tpm, directory, certificate, key } = order;
  assertNotEnrolled(directory);
  const server = new FleetServer({ url, ca });
  try {
    const request = await usingTpm(tpm, requestOf);
    const begun = await server.ask("/v1/enrolments", enrolment, json({ name, token, request: writeRequest(request) }));
    const activation = readActivation(Buffer.from(begun.challenge));
    const id = nodeIdOf(request.attestationKey);
    if (activation.node !== id)
      throw new CliError(
        "bad-fleet-answer",
        `${server.url.host}: expected a challenge for node ${id.slice(0, 16)}…, got one for another`,
      );
    const secret = await usingTpm(tpm, (open) => activate(open, activation.endorsement, activation));
    const path = `/v1/enrolments/${encodeURIComponent(begun.enrolment)}/answer`;
    const answer = await server.ask(path, enrolled, json({ answer: writeAnswer({ node: id, secret }) }));
    const kept = { server: url, name: answer.name, node: id, nodeToken: answer.nodeToken, tpm, ca, certificate, key };
    keepEnrolment(directory, kept);
    return kept;
  } finally {
    server.close();
  }
}

/** A body in JSON. */
export function json(value: unknown) {
  return { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(value) } as const;
}
