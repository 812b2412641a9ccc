/** Enrolment: a one-time token, a request with the maker's certificate, a secret that only that TPM can open, and a name. */
import { randomBytes, randomUUID } from "node:crypto";
import {
  assertActivated,
  challengeFor,
  type EnrolledNode,
  nodeIdOf,
  readAnswer,
  readNode,
  readRequest,
  writeActivation,
  writeNode,
} from "@isoline/attest/enrol";
import { VerifierError } from "../error.ts";
import {
  type Database,
  findNode,
  forgetEnrolments,
  insertNode,
  nodeById,
  renewEnrolment,
  state,
  takeEnrolment,
  type TokenRow,
  usableToken,
  useToken,
  writeAct,
  writeEnrolment,
  writeToken,
} from "../store/index.ts";
import { tokenDigest } from "./owned-node.ts";
import type { Ownership } from "./ownership.ts";
import type { Trusted } from "./trusted.ts";

/** How long an answer may take. */
const ANSWER_MINUTES = 10;
/** A verifier that died is waited for. */
const TAKE_MS = 10_000;

export interface NodeJoined {
  readonly name: string;
  readonly id: string;
  /** What the node proves itself with from now on; it is shown once. */
  readonly token: string;
}

export class Enrolment {
  readonly #db: Database;
  readonly #trusted: Trusted;
  readonly #ownership: Ownership;

  constructor(db: Database, trusted: Trusted, ownership: Ownership) {
    this.#db = db;
    this.#trusted = trusted;
    this.#ownership = ownership;
  }

  /** Makes a token that one node may enrol with. Only its digest is kept. */
  async makeToken(order: {
    tenant: string;
    labels: Readonly<Record<string, string>>;
    name: string | undefined;
    expires: Date;
    who: string;
  }): Promise<string> {
    const { tenant, labels, name, expires, who } = order;
    if (expires.getTime() <= Date.now())
      throw new VerifierError(
        "bad-request",
        `expected a time in the future, got ${expires.toISOString()}; raise "expires"`,
      );
    const token = `ise_${randomBytes(32).toString("base64url")}`;
    await this.#db.transaction().execute(async (step) => {
      await writeToken(step, { token: tokenDigest(token), tenant, labels, name: name ?? null, expires });
      const until = `until ${expires.toISOString()}`;
      await writeAct(step, { who, tenant, act: "make enrolment token", object: name ?? "any name", detail: until });
    });
    return token;
  }

  /** Checks the request, uses the token up, and gives the challenge that the TPM has to open. */
  async begin(name: string, token: string, request: string): Promise<{ enrolment: string; challenge: string }> {
    await forgetEnrolments(this.#db, ANSWER_MINUTES);
    const row = await usableToken(this.#db, tokenDigest(token));
    if (row === undefined) throw unknownToken();
    if (row.name !== null && row.name !== name)
      throw new VerifierError(
        "not-allowed",
        `expected the name that the token was made for, got ${name}; use that name`,
      );
    const read = readRequest(Buffer.from(request));
    const now = new Date();
    const { activation, secret, endorsement } = challengeFor(read, this.#trusted.makers, now);
    this.#assertListed(nodeIdOf(endorsement.public));
    const node: EnrolledNode = {
      id: nodeIdOf(read.attestationKey),
      attestationKey: read.attestationKey,
      endorsement,
      enrolled: now.toISOString(),
    };
    await this.#assertFree(name, node.id, row);
    const enrolment = randomUUID();
    await this.#db.transaction().execute(async (step) => {
      if (!(await useToken(step, row.token))) throw unknownToken();
      const { tenant, labels } = row;
      await writeEnrolment(step, {
        id: enrolment,
        name,
        tenant,
        labels,
        document: writeNode(node),
        secret: Buffer.from(secret),
        begun: now,
      });
    });
    return { enrolment, challenge: writeActivation(activation) };
  }

  /** Enrols the node whose TPM opened the secret. Right or wrong, the answer ends the enrolment. */
  async answer(enrolment: string, answer: string): Promise<NodeJoined> {
    const kept = await takeEnrolment(this.#db, enrolment);
    if (kept === undefined || Date.now() - kept.begun.getTime() > ANSWER_MINUTES * 60_000)
      throw new VerifierError("not-found", "no enrolment waits for this answer; begin anew, with a new token");
    const node = readNode(Buffer.from(kept.document));
    assertActivated(readAnswer(Buffer.from(answer)), node.id, kept.secret);
    const token = `isn~${kept.name}~${randomBytes(32).toString("base64url")}`;
    const { name, tenant, labels, document } = kept;
    const row = { name, id: node.id, tenant, labels, document, token: tokenDigest(token), enrolled: new Date() };
    const act = { who: `node ${name}`, tenant, object: name, detail: `id ${node.id}` };
    // Of a node that is there, no other verifier may hold the old token in memory when the new one counts.
    const there = await this.#ownership.take(name, TAKE_MS);
    if (there === undefined)
      await this.#db.transaction().execute(async (step) => {
        await insertNode(step, row);
        await writeAct(step, { ...act, act: "enrol" });
        await state(step, [{ kind: "enrolment", node: node.id, which: "first" }]);
      });
    else
      await there.alone(() =>
        this.#db.transaction().execute(async (step) => {
          await renewEnrolment(step, row);
          await writeAct(step, { ...act, act: "enrol anew" });
          await state(step, [{ kind: "enrolment", node: node.id, which: "anew" }]);
        }),
      );
    this.#ownership.forget(name);
    return { name, id: node.id, token };
  }

  #assertListed(endorsement: string): void {
    if (this.#trusted.endorsements?.has(endorsement) ?? true) return;
    throw new VerifierError(
      "not-allowed",
      `expected an endorsement key of the list, got ${endorsement.slice(0, 16)}…; add its digest to the file endorsements`,
    );
  }

  /** A name or a TPM that is enrolled already is enrolled anew only with a token that was made for that name. */
  async #assertFree(name: string, id: string, token: TokenRow): Promise<void> {
    const there = await findNode(this.#db, name);
    const same = await nodeById(this.#db, id);
    const isAgain = there !== undefined && there.id === id && token.name === name && there.tenant === token.tenant;
    if ((there === undefined && same === undefined) || isAgain) return;
    throw new VerifierError(
      "conflict",
      `expected a name and a TPM that are not enrolled yet, got ${name}, of which one is; to enrol it anew, make a token for that name`,
    );
  }
}

function unknownToken(): VerifierError {
  return new VerifierError(
    "unknown-caller",
    "expected an enrolment token that was not used and is not over; ask for another",
  );
}
