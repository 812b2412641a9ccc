/** Enrolment: a one-time token, a name, and a proof. It is a secret that only the certified TPM can open, or a machine's report. */
import { randomBytes, randomUUID } from "node:crypto";
import {
  assertActivated,
  challengeFor,
  isMachineRequest,
  nodeIdOf,
  readAnswer,
  readNode,
  readRequest,
  writeActivation,
  writeMachine,
  writeNode,
} from "@isoline/attest/enrol";
import { VerifierError } from "../error.ts";
import {
  assertNameIsFree,
  type Database,
  type EnrolmentRow,
  findNode,
  forgetEnrolments,
  holdTo,
  insertNode,
  nodeById,
  renewEnrolment,
  state,
  takeEnrolment,
  type TakenEnrolment,
  takePast,
  type TokenRow,
  type ToState,
  unusedTokens,
  usableToken,
  useToken,
  writeAct,
  type VerdictWrite,
  writeEnrolment,
  writeToken,
  writeVerdict,
} from "../store/index.ts";
import { answeredMachine, assertPlace, type Pending, pendingMachine } from "./machine-enrolment.ts";
import { tokenDigest } from "./owned-node.ts";
import type { OwnedNode } from "./owned-node.ts";
import type { Ownership } from "./ownership.ts";
import type { Rules } from "./rules.ts";
import type { Trusted } from "./trusted.ts";

/** How long an answer may take. */
const ANSWER_MINUTES = 10;
/** How far ahead a token may end, and how many a tenant may have that were not used: each is kept, and is an act that is kept for good. */
const MOST_DAYS = 366;
const MOST_TOKENS = 10_000;
const DAY_MS = 86_400_000;
/** A verifier that died is waited for. */
const TAKE_MS = 10_000;

export interface NodeJoined {
  readonly name: string;
  readonly id: string;
  /** What the node proves itself with from now on; it is shown once. */
  readonly token: string;
}

/** A node that answered rightly, as its row has it. */
interface Answered {
  readonly id: string;
  readonly document: string;
  readonly machine: string | null;
}

export class Enrolment {
  readonly #db: Database;
  readonly #rules: Rules;
  readonly #trusted: Trusted;
  readonly #ownership: Ownership;

  constructor(db: Database, rules: Rules, ownership: Ownership) {
    this.#db = db;
    this.#rules = rules;
    this.#trusted = rules.trusted;
    this.#ownership = ownership;
  }

  /** Makes a token that one node may enrol with. Only its digest is kept. */
  async makeToken(order: {
    tenant: string;
    labels: Readonly<Record<string, string>>;
    name: string | undefined;
    expires: Date;
    who: string;
    /** Whether a person of all tenants asks, who may make more than there can be of a tenant: its own people could use all of these up. */
    isOfAll: boolean;
  }): Promise<string> {
    const { tenant, labels, name, expires, who, isOfAll } = order;
    if (expires.getTime() <= Date.now())
      throw new VerifierError(
        "bad-request",
        `expected a time in the future, got ${expires.toISOString()}; raise "expires"`,
      );
    if (expires.getTime() > Date.now() + MOST_DAYS * DAY_MS)
      throw new VerifierError(
        "bad-request",
        `expected a time within ${MOST_DAYS} days, got ${expires.toISOString()}; lower "expires"`,
      );
    await forgetEnrolments(this.#db, ANSWER_MINUTES);
    const token = `ise_${randomBytes(32).toString("base64url")}`;
    await this.#db.transaction().execute(async (step) => {
      if (!isOfAll && (await unusedTokens(step, tenant, MOST_TOKENS)) === MOST_TOKENS)
        throw new VerifierError(
          "conflict",
          `expected less than ${MOST_TOKENS} tokens of tenant ${tenant} that were not used, got as many; use them, or have a person of all tenants make this one`,
        );
      await writeToken(step, { token: tokenDigest(token), tenant, labels, name: name ?? null, expires });
      const until = `until ${expires.toISOString()}${inWords(labels)}`;
      await writeAct(step, { who, tenant, act: "make enrolment token", object: name ?? "any name", detail: until });
    });
    return token;
  }

  /** Checks the request, uses the token up, and gives the challenge that the TPM has to open, or that the report has to be about. */
  async begin(name: string, token: string, request: string): Promise<{ enrolment: string; challenge: string }> {
    await forgetEnrolments(this.#db, ANSWER_MINUTES);
    const row = await usableToken(this.#db, tokenDigest(token));
    if (row === undefined) throw unknownToken();
    if (row.name !== null && row.name !== name)
      throw new VerifierError(
        "not-allowed",
        `expected the name that the token was made for, got ${name}; use that name`,
      );
    const bytes = Buffer.from(request);
    const now = new Date();
    const isMachine = isMachineRequest(bytes);
    const pending = isMachine ? await pendingMachine(bytes, row, this.#rules) : this.#pendingTpm(bytes, now);
    const { document, secret, challenge } = pending;
    const replaces = await this.#replacedBy(name, pending.id, row, isMachine);
    // Asked again when the answer comes; the token is not used up for nothing here.
    if (replaces === null) await assertNameIsFree(this.#db, { ...row, name, id: pending.id });
    const enrolment = randomUUID();
    await this.#db.transaction().execute(async (step) => {
      if (!(await useToken(step, row.token))) throw unknownToken();
      const { tenant, labels } = row;
      await writeEnrolment(step, { id: enrolment, name, tenant, labels, document, secret, replaces, begun: now });
    });
    return { enrolment, challenge };
  }

  /** Enrols the node that answers the challenge. Right or wrong, the answer ends the enrolment. */
  async answer(enrolment: string, answer: string): Promise<NodeJoined> {
    const kept = await takeEnrolment(this.#db, enrolment);
    if (kept === undefined || Date.now() - kept.begun.getTime() > ANSWER_MINUTES * 60_000)
      throw new VerifierError("not-found", "no enrolment waits for this answer; begin anew, with a new token");
    const node = await this.#answered(kept, Buffer.from(answer));
    const token = `isn~${kept.name}~${randomBytes(32).toString("base64url")}`;
    const { name, tenant, labels } = kept;
    const row = { ...node, name, tenant, labels, token: tokenDigest(token), enrolled: new Date() };
    const on = node.machine === null ? "" : `, on ${node.machine}`;
    const written = async (step: Database, accepted?: string | null): Promise<readonly ToState[]> => {
      const which = accepted === undefined ? "first" : "anew";
      if (node.machine !== null) await assertPlace(step, node.machine, name, this.#rules.trusted);
      const past = accepted === undefined ? await enrolledFirst(step, row) : "";
      if (
        accepted !== undefined &&
        (kept.replaces === null || !(await renewEnrolment(step, row, kept.replaces, accepted)))
      )
        throw taken(name);
      const detail = `id ${node.id}${on}${past}${inWords(labels)}`;
      const act = which === "first" ? "enrol" : "enrol anew";
      await writeAct(step, { who: `node ${name}`, tenant, act, object: name, detail });
      return [{ kind: "enrolment", node: node.id, which }];
    };
    // Of a node that is there, no other verifier may hold the old token in memory when the new one counts.
    const isAnew = await this.#ownership.alone(name, TAKE_MS, async (there) => {
      await this.#renew(there, kept, row.enrolled, (step, { state, accepted }) =>
        // A revocation ends by a token that an operator made after it. The TPM may have been cleared since, and count from nothing.
        written(step, state === "revoked" ? null : (there.released(null).accepted ?? accepted)),
      );
      this.#ownership.forget(there);
    });
    if (!isAnew) await this.#db.transaction().execute(async (step) => await state(step, await written(step)));
    return { name, id: node.id, token };
  }

  /** Nothing is known of the node and its canisters from then on, until it sends evidence. */
  async #renew(
    { owner: verifier }: OwnedNode,
    { name, revoked }: TakenEnrolment,
    at: Date,
    written: NonNullable<VerdictWrite["also"]>,
  ): Promise<void> {
    const verdict = { state: "unknown", failure: null, why: null } as const;
    await writeVerdict(this.#db, {
      ...{ node: name, verifier, at, verdict, columns: {}, canisters: undefined },
      others: { ...verdict, why: "its node was enrolled anew, and no evidence has come since" },
      also: async (step, before) => {
        if (before.state === "revoked" && before.since.getTime() !== revoked?.getTime()) throw revokedSince(name);
        return await written(step, before);
      },
    });
  }

  #pendingTpm(request: Uint8Array, now: Date): Pending {
    const read = readRequest(request);
    const { activation, secret, endorsement } = challengeFor(read, this.#trusted.makers, now);
    this.#assertListed(nodeIdOf(endorsement.public));
    const { attestationKey } = read;
    const id = nodeIdOf(attestationKey);
    const document = writeNode({ id, attestationKey, endorsement, enrolled: now.toISOString() });
    return { id, document, secret: Buffer.from(secret), challenge: writeActivation(activation) };
  }

  async #answered(kept: EnrolmentRow, answer: Uint8Array): Promise<Answered> {
    const { document } = kept;
    if (isMachineRequest(Buffer.from(document))) {
      const node = await answeredMachine(kept, answer, this.#rules, new Date());
      return { id: node.id, document: writeMachine(node), machine: node.machine };
    }
    const { id } = readNode(Buffer.from(document));
    assertActivated(readAnswer(answer), id, kept.secret);
    return { id, document, machine: null };
  }

  #assertListed(endorsement: string): void {
    if (this.#trusted.endorsements?.has(endorsement) ?? true) return;
    throw new VerifierError(
      "not-allowed",
      `expected an endorsement key of the list, got ${endorsement.slice(0, 16)}…; add its digest to the file endorsements`,
    );
  }

  /**
   * The id of the node that is enrolled anew; null for a new one. A name or a key that is enrolled already needs a token for that name.
   * The proof is then of the kind that it was: no report takes the place of a TPM, and no TPM that of a report. A TPM has one key. A
   * node without one may come with another key, since it may lose its key with its memory.
   */
  async #replacedBy(name: string, id: string, token: TokenRow, isMachine: boolean): Promise<string | null> {
    const there = await findNode(this.#db, name);
    const same = await nodeById(this.#db, id);
    if (there === undefined && same === undefined) return null;
    // Of a node of another tenant nothing is told but that the name, or the key, is taken.
    if (there !== undefined && there.tenant !== token.tenant) throw taken(name);
    const wasMachine = there !== undefined && there.machine !== null;
    if (there !== undefined && wasMachine !== isMachine)
      throw new VerifierError(
        "conflict",
        `expected ${name} to be enrolled ${wasMachine ? "by a report" : "by its TPM"}, as it was, got the other; choose another name for it`,
      );
    const isOther = there !== undefined && there.id !== id && isMachine;
    if (isOther && there.labels["policy"] !== undefined && token.labels["policy"] === undefined) throw chosenFor(name);
    const isSame = there?.id === id || (isMachine && same === undefined);
    if (there !== undefined && isSame && token.name === name) return there.id;
    throw taken(name);
  }
}

/**
 * Enrols a node that is not there. What is kept of one that is gone counts: its TPM cannot count from nothing under the same key, and is
 * judged by the policy that its label named. A token without that label takes it away no more than from a node that is there. Says, for the
 * act, what was kept.
 */
async function enrolledFirst(step: Database, row: Parameters<typeof insertNode>[1]): Promise<string> {
  await insertNode(step, row);
  const { accepted, policy } = await takePast(step, row);
  const labels = policy === undefined ? row.labels : { policy, ...row.labels };
  const isKept = labels["policy"] !== row.labels["policy"];
  const keeps = [
    ...(accepted === undefined ? [] : ["what was accepted of it"]),
    ...(isKept ? [`policy=${policy}`] : []),
  ];
  if (keeps.length === 0) return "";
  await holdTo(step, { name: row.name, accepted: accepted ?? null, labels });
  return `, keeps ${keeps.join(" and ")}`;
}

/** Labels as an act has them: the one that chooses the policy first, since what is too long is cut. */
function inWords({ policy, ...labels }: Readonly<Record<string, string>>): string {
  const others = Object.entries(labels).map(([key, value]) => `${key}=${value}`);
  const told = [...(policy === undefined ? [] : [`policy=${policy}`]), ...others.sort()];
  return told.length === 0 ? "" : `, labels ${told.join(" ")}`;
}

function taken(name: string): VerifierError {
  return new VerifierError(
    "conflict",
    `expected a name and a key that are not enrolled yet, got ${name}, of which one is; to enrol it anew, make a token for that name`,
  );
}

/** Else a token for the name alone would have any machine judged by a policy that was chosen for this one. */
function chosenFor(name: string): VerifierError {
  return new VerifierError(
    "conflict",
    `expected the key of ${name}, which its label policy has judged by a policy of its own, got another key; have an administrator of all ` +
      "tenants make the token with the label policy",
  );
}

function revokedSince(name: string): VerifierError {
  return new VerifierError(
    "conflict",
    `expected an enrolment that began after ${name} was revoked, got an earlier one; begin anew, with another token`,
  );
}

function unknownToken(): VerifierError {
  return new VerifierError(
    "unknown-caller",
    "expected an enrolment token that was not used and is not over; ask for another",
  );
}
