/**
 * `isoline attest enrol`: a verifier comes to know a node. In four steps, with a file from one to the next, or all at once where the
 * verifier reaches the TPM itself:
 *
 *   node       enrol --tpm ADDRESS                       → request
 *   verifier   enrol --challenge REQUEST --trust DIR     → challenge
 *   node       enrol --answer CHALLENGE --tpm ADDRESS    → answer
 *   verifier   enrol --accept ANSWER --trust DIR --name NAME
 */
import {
  assertActivated,
  challengeFor,
  type EnrolledNode,
  type EnrolmentRequest,
  nodeIdOf,
  readActivation,
  readAnswer,
  readRequest,
  writeActivation,
  writeAnswer,
  writeRequest,
} from "@isoline/attest/enrol";
import { activate, requestOf } from "../../../attest/node-keys.ts";
import { TrustDirectory } from "../../../attest/trust/directory.ts";
import { readMakers } from "../../../attest/trust/makers.ts";
import { assertNodeName, enrolNode, keepPending, type NamedNode, settlePending } from "../../../attest/trust/nodes.ts";
import { tpmAddress, usingTpm } from "../../../attest/using-tpm.ts";
import { readRegular } from "../../../store/bounded-file.ts";
import { writeDurably } from "../../../store/output.ts";
import { status } from "../../ending.ts";
import { note, print, printJson, printLine } from "../../output/streams.ts";
import { usage } from "../../refusal.ts";

export interface EnrolOptions {
  readonly tpm?: string;
  readonly challenge?: string;
  readonly answer?: string;
  readonly accept?: string;
  readonly trust?: string;
  readonly name?: string;
  readonly output?: string;
  readonly json?: boolean;
}

const MOST_DOCUMENT = 64 * 1024;

export async function enrol(options: EnrolOptions): Promise<number> {
  const { challenge, answer, accept, trust, name } = options;
  if ([challenge, answer, accept].filter((each) => each !== undefined).length > 1)
    throw usage("expected one of --challenge, --answer and --accept: each is a step of its own");
  if (challenge !== undefined) makeChallenge(challenge, trustGiven(trust), options);
  else if (answer !== undefined) await giveAnswer(answer, options);
  else if (accept !== undefined) acceptAnswer(accept, trustGiven(trust), nameGiven(name), options);
  else if (trust !== undefined) await enrolAtOnce(trust, nameGiven(name), options);
  else await makeRequest(options);
  return status.success;
}

async function makeRequest(options: EnrolOptions): Promise<void> {
  const request = await usingTpm(addressOf(options), requestOf);
  put(options, writeRequest(request));
  note(`node ${nodeIdOf(request.attestationKey)}: give this to the verifier, for isoline attest enrol --challenge`);
}

function makeChallenge(file: string, place: string, options: EnrolOptions): void {
  const trust = TrustDirectory.open(place);
  const { activation, node, secret } = challenged(readRequest(document(file)), trust);
  keepPending(trust, node, secret);
  put(options, writeActivation(activation));
  note(`its maker is trusted: give this to the node, for isoline attest enrol --answer`);
}

async function giveAnswer(file: string, options: EnrolOptions): Promise<void> {
  const activation = readActivation(document(file));
  const secret = await usingTpm(addressOf(options), (tpm) => activate(tpm, activation.endorsement, activation));
  put(options, writeAnswer({ node: activation.node, secret }));
  note("the TPM opened it: give this to the verifier, for isoline attest enrol --accept");
}

function acceptAnswer(file: string, place: string, name: string, options: EnrolOptions): void {
  const trust = TrustDirectory.open(place);
  tell(settlePending(trust, readAnswer(document(file)), name, new Date()), options);
}

async function enrolAtOnce(place: string, name: string, options: EnrolOptions): Promise<void> {
  const trust = TrustDirectory.open(place);
  const node = await usingTpm(addressOf(options), async (tpm) => {
    const { activation, node: asked, secret } = challenged(await requestOf(tpm), trust);
    const opened = await activate(tpm, activation.endorsement, activation);
    assertActivated({ node: activation.node, secret: opened }, asked.id, secret);
    return asked;
  });
  tell(enrolNode(trust, node, name, new Date()), options);
}

function challenged(request: EnrolmentRequest, trust: TrustDirectory) {
  const now = new Date();
  const { activation, secret, endorsement } = challengeFor(request, readMakers(trust), now);
  const { attestationKey } = request;
  const node: EnrolledNode = { id: activation.node, attestationKey, endorsement, enrolled: now.toISOString() };
  return { activation, secret, node };
}

function tell({ name, id, enrolled }: NamedNode, { json }: EnrolOptions): void {
  if (json) printJson({ isoline: 1, name, id, enrolled });
  else printLine(`${name}: enrolled, node ${id}`);
}

function put({ output }: EnrolOptions, text: string): void {
  if (output === undefined) print(text);
  else writeDurably(output, [text]);
}

function addressOf({ tpm }: EnrolOptions): string {
  const address = tpmAddress(tpm);
  if (address === undefined) throw usage("expected --tpm ADDRESS, since this machine has no /dev/tpmrm0");
  return address;
}

function trustGiven(trust: string | undefined): string {
  if (trust === undefined) throw usage("expected --trust DIR, with the roots of TPM makers in DIR/makers");
  return trust;
}

function nameGiven(name: string | undefined): string {
  if (name === undefined) throw usage("expected --name NAME: what the node is to be called");
  assertNodeName(name);
  return name;
}

const document = (file: string): Buffer => readRegular(file, MOST_DOCUMENT, "a document of an enrolment");
