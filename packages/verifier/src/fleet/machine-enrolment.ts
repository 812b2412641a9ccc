/**
 * Enrolment of a node that has no TPM: its key, a challenge that is used once, and a report of its machine about both. The same token, the
 * same two steps and the same row as for a TPM.
 */
import { randomBytes } from "node:crypto";
import {
  assertAnswers,
  type EnrolledMachine,
  machineStatement,
  readMachineAnswer,
  readMachineRequest,
  writeMachineChallenge,
} from "@isoline/attest/enrol";
import { MACHINE_NAME, nodeIdByKey } from "@isoline/attest/tee";
import { VerifierError } from "../error.ts";
import { type Database, type EnrolmentRow, nodesOnMachine } from "../store/index.ts";
import { assertUsableKey, possessedKey } from "../svid/index.ts";
import { machineRulesOf, machineShown, makersOf, type PolicyOf } from "./machine-proof.ts";
import type { Rules } from "./rules.ts";
import type { Trusted } from "./trusted.ts";

/** What is kept of a request until its answer comes. */
export interface Pending {
  readonly id: string;
  readonly document: string;
  readonly secret: Buffer;
  readonly challenge: string;
}

const CHALLENGE_BYTES = 32;
/** Nodes on one machine, where no list says another number. */
const ONE = 1;

/** Reads a request. Refuses a node that would use up its token for nothing: no maker is trusted, or its policy demands a TPM. */
export async function pendingMachine(request: Uint8Array, node: PolicyOf, rules: Rules): Promise<Pending> {
  const key = assertUsableKey(readMachineRequest(request), "of the node");
  makersOf(rules);
  await machineRulesOf(node, rules);
  const challenge = Uint8Array.from(randomBytes(CHALLENGE_BYTES));
  const id = nodeIdByKey(key);
  return {
    id,
    document: Buffer.from(request).toString("utf8"),
    secret: Buffer.from(challenge),
    challenge: writeMachineChallenge({ node: id, challenge }),
  };
}

/** The machine whose report answers the challenge. Throws what refuses the report. */
export async function answeredMachine(
  { name, tenant, labels, document, secret }: EnrolmentRow,
  told: Uint8Array,
  rules: Rules,
  now: Date,
): Promise<EnrolledMachine> {
  const key = readMachineRequest(Buffer.from(document));
  const id = nodeIdByKey(key);
  const answer = readMachineAnswer(told);
  assertAnswers(answer, id);
  const statement = machineStatement({ node: id, challenge: Uint8Array.from(secret) }, name, key);
  possessedKey(key, statement, answer.proof, "of the node");
  const machine = await machineShown({ report: answer, statement, key }, { tenant, labels }, rules, now);
  return { id, key, machine, enrolled: now.toISOString() };
}

/**
 * Refuses a machine that the list does not have, and one on which as many other nodes are enrolled as may be. Without a list that is one: a
 * second name for the same chip would be another node for the same past. A VLEK names a cloud and no chip, so nothing is counted.
 */
export async function assertPlace(
  step: Database,
  machine: string,
  name: string,
  { teeMachines }: Trusted,
): Promise<void> {
  const most = teeMachines === undefined ? (MACHINE_NAME.test(machine) ? ONE : undefined) : teeMachines.get(machine);
  if (most === undefined && teeMachines === undefined) return;
  if (most === undefined)
    throw new VerifierError(
      "not-allowed",
      `expected a machine of the list, got ${machine}; add it to the file tee-machines`,
    );
  const others = (await nodesOnMachine(step, machine)).filter((other) => other !== name);
  if (others.length >= most)
    throw new VerifierError(
      "conflict",
      `expected a machine with less than ${most} other nodes, got ${machine} with ${others.length}; permit more in the file tee-machines`,
    );
}
