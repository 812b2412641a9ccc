/** What administrators do: policies, reference values, contours, revocation. Each act is written together with its record. */
import { createHash } from "node:crypto";
import type { References, RevocationEpoch } from "@isoline/attest/appraise";
import type { AnyContour } from "@isoline/core/contour";
import { IsolineError } from "@isoline/core/error";
import { VerifierError } from "../error.ts";
import { MOST_IMAGES } from "@isoline/log/statement";
import {
  contoursBy,
  type Database,
  forgetContours,
  lockContours,
  lockLog,
  type NodeRow,
  raiseEpoch,
  references,
  reinstateContours,
  reviewedAmong,
  sentContours,
  state,
  withdrawContours,
  withdrawEnrolments,
  writeAct,
  writeContour,
  writePolicy,
  writeReference,
  writeVerdict,
} from "../store/index.ts";
import { assertRoom } from "./contour-room.ts";
import type { Epochs } from "./epochs.ts";
import type { Ownership } from "./ownership.ts";
import type { Rules } from "./rules.ts";
import { contourIn, contourState, publications, signersOf } from "./stated.ts";

export interface Administrator {
  readonly who: string;
  /** Null: of all tenants. */
  readonly tenant: string | null;
}

/** A verifier that died is waited for. */
const TAKE_MS = 10_000;

export class Administration {
  readonly #db: Database;
  readonly #ownership: Ownership;
  readonly #rules: Rules;
  readonly #epochs: Epochs;

  constructor(db: Database, ownership: Ownership, rules: Rules, epochs: Epochs) {
    this.#db = db;
    this.#ownership = ownership;
    this.#rules = rules;
    this.#epochs = epochs;
  }

  /** The file's own name must be that of the place: a policy cannot be passed off as another. The file that is in force is no act. */
  async putPolicy(name: string, file: Uint8Array, { who, tenant }: Administrator): Promise<void> {
    const policy = await this.#rules.policyIn(file);
    if (policy.name !== name)
      throw new VerifierError(
        "bad-request",
        `expected a policy named ${name}, got one whose member "name" is ${JSON.stringify(policy.name)}; put it by isoline fleet policy ` +
          `${policy.name} --set FILE, or give the file "name": ${JSON.stringify(name)}`,
      );
    const digest = sha256(file);
    const signer = await signersOf(file, this.#rules.trusted.policySigners);
    await this.#db.transaction().execute(async (step) => {
      const isNew = await writePolicy(step, {
        name,
        version: policy.version,
        digest,
        file: Buffer.from(file),
        since: new Date(),
        who,
      });
      if (!isNew) return;
      const detail = `version ${policy.version} sha256:${digest}`;
      await writeAct(step, { who, tenant, act: "put policy", object: name, detail });
      await state(step, [{ kind: "publish-policy", name, digest, version: policy.version, signer }]);
    });
    this.#rules.changed();
  }

  async putReference(name: string, file: Uint8Array, { who, tenant }: Administrator): Promise<void> {
    const told = await this.#rules.referencesIn(file);
    const { contours, boots, builds, loads } = told;
    const digest = sha256(file);
    // To read a file of many megabytes takes seconds, in which none is to wait for the locks below.
    const known = new Map([...(await this.#rules.knownReferences()), [digest, told]]);
    const signer = await signersOf(file, this.#rules.trusted.policySigners);
    await this.#db.transaction().execute(async (step) => {
      // Held from here on, so that what others put is not stated as if it were of this file.
      const isLogged = await lockLog(step);
      await lockContours(step);
      if (isLogged) assertFits(contours);
      const files = await references(step);
      const replaced = files.find((file) => file.name === name);
      const others = files.filter((file) => file !== replaced);
      assertOneOfEachName(boots, await this.#rules.bootsIn(others, known));
      const counted = await this.#rules.contoursIn(files, known);
      const once = replaced === undefined ? [] : await this.#rules.contoursOnceIn(replaced, known);
      await writeReference(step, { name, digest, file: Buffer.from(file), since: new Date(), who });
      const detail = `${contours.length} contours, ${boots.length} boots, ${builds.length} builds, ${loads.length} loads sha256:${digest}`;
      await writeAct(step, { who, tenant, act: "put references", object: name, detail });
      const after = await this.#rules.contoursIn(await references(step), known);
      const named = new Set(after.map(({ contour }) => contour));
      const still = new Set(counted.map(({ contour }) => contour));
      const before = [...counted, ...once.filter(({ contour }) => !named.has(contour) && !still.has(contour))];
      await reinstateContours(step, [...named]);
      // A person put or signed them for these reference values: they count no longer for any image.
      await withdrawContours(
        step,
        before.map(({ contour }) => contour).filter((contour) => !named.has(contour)),
      );
      if (!isLogged) return;
      const old = new Set(before.map(({ contour }) => contour));
      // They counted for any image, and count from now on for those that are said.
      const narrowed = await reviewedAmong(
        step,
        [...named].filter((contour) => !old.has(contour)),
      );
      await state(step, [
        { kind: "publish-reference", name, digest, signer },
        ...narrowed.map((contour) => ({ kind: "withdraw-contour", name: undefined, digest: contour }) as const),
        ...publications(before, after),
      ]);
    });
    this.#rules.changed();
  }

  /** Whether it was not there. With `onlyNamed`, refuses with `conflict` one that reference values do not name. */
  async putContour(digest: string, file: Uint8Array, by: Administrator, onlyNamed = false): Promise<boolean> {
    const contour = contourBy(digest, file);
    const nameIn = await this.#rules.namesForStep();
    const isNew = await this.#db.transaction().execute(async (step) => {
      // As above: it may be withdrawn at the same time, and the order of the two is that of the statements.
      await lockLog(step);
      await lockContours(step);
      const name = await nameIn(step, digest);
      if (onlyNamed && name === undefined)
        throw new VerifierError(
          "conflict",
          `expected reference values that name the contour ${digest.slice(0, 16)}…, got none any more: others took their place meanwhile; publish them once more`,
        );
      const [there] = await contoursBy(step, [digest]);
      const made = await writeContour(step, { digest, file: Buffer.from(file), reviewed: true, since: new Date() });
      await writeAct(step, { ...by, act: "put contour", object: digest, detail: `${file.length} bytes` });
      // One that reference values name counts for the images that they say, as they have stated, and not for any.
      if (there?.reviewed !== true && name === undefined)
        await state(step, [
          { kind: "publish-contour", name: undefined, digest, state: contourState(contour), image: [], signer: [] },
        ]);
      return made;
    });
    this.#rules.contourCame();
    return isNew;
  }

  /**
   * A contour that counts no longer, though it is signed, until a person puts it anew or reference values name it. It need not be here.
   * Refuses with `conflict` one that reference values name: it is withdrawn by those.
   */
  async withdrawContour(digest: string, by: Administrator): Promise<void> {
    const nameIn = await this.#rules.namesForStep();
    await this.#db.transaction().execute(async (step) => {
      await lockLog(step);
      await lockContours(step);
      const name = await nameIn(step, digest);
      if (name !== undefined)
        throw new VerifierError(
          "conflict",
          `expected a contour that no reference values name, got ${JSON.stringify(name)} of them; leave it out there`,
        );
      await withdrawContours(step, [digest]);
      await writeAct(step, { ...by, act: "withdraw contour", object: digest, detail: "counts no longer" });
      await state(step, [{ kind: "withdraw-contour", name: undefined, digest }]);
    });
    this.#rules.changed();
  }

  /**
   * Keeps a contour that a node of this tenant sent, for show: it is not reviewed. Whether it was not there. It stays as long as a canister
   * or reference values name it; refuses with `too-large` where the tenant's canisters name too much that only nodes sent.
   */
  async keepContour(digest: string, file: Uint8Array, tenant: string): Promise<boolean> {
    contourBy(digest, file);
    const named = await this.#rules.namedContours();
    const isNew = await this.#db.transaction().execute(async (step) => {
      if ((await contoursBy(step, [digest])).length > 0) return false;
      await forgetContours(step, [...named]);
      if (!named.has(digest)) assertRoom(await sentContours(step, tenant), file.length, { tenant, named });
      return writeContour(step, { digest, file: Buffer.from(file), reviewed: false, since: new Date() });
    });
    if (isNew) this.#rules.contourCame();
    return isNew;
  }

  /**
   * From the answer on, no verifier affirms this node. Results that were signed before are of an earlier revocation epoch: relying parties
   * that know this one refuse them, and elsewhere they run out by themselves. A node that is revoked already is so from now on, with this
   * reason, and the epoch stays.
   */
  async revoke(
    { name, tenant }: Pick<NodeRow, "name" | "tenant">,
    reason: string,
    { who }: Pick<Administrator, "who">,
  ): Promise<void> {
    const isThere = await this.#ownership.alone(name, TAKE_MS, async (node) => {
      // The node that the person saw may be gone, and its name another tenant's.
      if (node.tenant !== tenant) throw noSuchNode(name);
      const verdict = { state: "revoked", failure: null, why: reason } as const;
      // Should the answer of the database be lost: the next evidence is news, which is refused where the revocation was written.
      [node.imprint, node.given, node.affirmed] = [null, undefined, undefined];
      let raised = undefined as RevocationEpoch | undefined;
      await writeVerdict(this.#db, {
        node: name,
        verifier: node.owner,
        at: new Date(),
        verdict,
        columns: {},
        canisters: undefined,
        others: { ...verdict, why: `its node was revoked: ${reason}` },
        also: async (step, before) => {
          // Of the tenant of the node, whose operators are to read it, and not of the person.
          await writeAct(step, { who, tenant: node.tenant, act: "revoke", object: name, detail: reason });
          // What was permitted before would undo it.
          await withdrawEnrolments(step, name);
          // A node that was revoked has had no result since. To raise the epoch again would cost every tenant its results for nothing.
          if (before.state === "revoked") return [];
          raised = await raiseEpoch(step);
          return [{ kind: "epoch", epoch: raised.epoch }];
        },
      });
      if (raised !== undefined) this.#epochs.raised(raised);
      // What memory alone knows of it is given back no more: where the node is enrolled anew, nothing that it said before counts.
      [node.state, node.isAhead] = ["revoked", false];
    });
    if (!isThere) throw noSuchNode(name);
  }
}

const noSuchNode = (name: string) =>
  new VerifierError("not-found", `no node ${name} is enrolled; see isoline fleet nodes`);

function assertFits(contours: readonly { readonly name: string; readonly images: readonly string[] }[]): void {
  const large = contours.find(({ images }) => images.length > MOST_IMAGES);
  if (large !== undefined)
    throw new VerifierError(
      "bad-request",
      `expected at most ${MOST_IMAGES} images for the contour ${JSON.stringify(large.name)}, got ${large.images.length}; name it twice`,
    );
}

/** All files count together, so by two boots of one name no node could be judged. */
function assertOneOfEachName(boots: References["boots"], others: References["boots"]): void {
  const names = new Set(others.map(({ name }) => name));
  const again = boots.find(({ name }) => names.size === names.add(name).size);
  if (again !== undefined)
    throw new VerifierError(
      "conflict",
      `expected boots of names that no other one has, got ${JSON.stringify(again.name)} again; rename it, or replace the file that has it`,
    );
}

function contourBy(digest: string, file: Uint8Array): AnyContour {
  const came = sha256(file);
  if (came !== digest)
    throw new VerifierError(
      "bad-request",
      `expected the contour ${digest.slice(0, 16)}…, got ${came.slice(0, 16)}…; send that file`,
    );
  try {
    return contourIn(file);
  } catch (fault) {
    if (fault instanceof IsolineError) throw new VerifierError("bad-request", fault.message);
    throw fault;
  }
}

const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");
