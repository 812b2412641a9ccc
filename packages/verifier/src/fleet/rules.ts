/** The rules that are in force: policies, reference values, contours, and the keys that are trusted to sign them. */
import { type Policy, readPolicy, readReferences, type References } from "@isoline/attest/appraise";
import type { CanisterBody } from "@isoline/attest/evidence";
import { AttestError } from "@isoline/attest/error";
import { IsolineError } from "@isoline/core/error";
import type { Digest } from "@isoline/core/digest";
import { signerOf } from "@isoline/core/verify";
import {
  type ContourRow,
  contoursBy,
  currentPolicies,
  type Database,
  type PolicyRow,
  type ReferenceRow,
  references,
  rulesStamp,
} from "../store/index.ts";
import type { Trusted } from "./trusted.ts";

/** Bytes of contours that are kept in memory. */
const MOST_KEPT = 256 * 2 ** 20;

interface Loaded {
  readonly stamp: string;
  readonly policies: ReadonlyMap<string, PolicyRow>;
  readonly references: readonly ReferenceRow[];
  /** Digests of contours that reference values name. */
  readonly named: ReadonlyMap<string, string>;
  /** Digests of images for which reference values name a contour. */
  readonly images: ReadonlySet<string>;
}

/** What one appraisal is judged by. */
export interface RulesForNode {
  readonly policy: PolicyRow | undefined;
  readonly references: readonly Uint8Array[];
  readonly contours: readonly Uint8Array[];
  /** Digests of contours that this verifier has not. */
  readonly missing: readonly string[];
}

export class Rules {
  readonly #db: Database;
  readonly trusted: Trusted;
  #loaded: Promise<Loaded> | undefined;
  readonly #contours = new Map<string, ContourRow>();
  #kept = 0;

  constructor(db: Database, trusted: Trusted) {
    this.#db = db;
    this.trusted = trusted;
  }

  /** What was loaded may be old; the next appraisal loads it again. */
  changed(): void {
    this.#loaded = undefined;
    this.#contours.clear();
    this.#kept = 0;
  }

  /** Looks whether a change was missed. */
  async compare(): Promise<void> {
    if (this.#loaded === undefined) return;
    const { stamp } = await this.#loaded;
    if ((await rulesStamp(this.#db)) !== stamp) this.changed();
  }

  async forNode(
    node: { readonly tenant: string; readonly labels: Readonly<Record<string, string>> },
    bodies: readonly CanisterBody[],
  ): Promise<RulesForNode> {
    const loaded = await this.#load();
    const digests = [...new Set(bodies.flatMap(({ contour }) => (contour === undefined ? [] : [hex(contour)])))];
    const there = await this.#contoursBy(digests);
    const accepted: Uint8Array[] = [];
    for (const row of there) if (await this.#counts(row, loaded, bodies)) accepted.push(row.file);
    const known = new Set(there.map(({ digest }) => digest));
    return {
      policy: loaded.policies.get(policyNameOf(node, loaded.policies)),
      references: loaded.references.map(({ file }) => file),
      contours: accepted,
      missing: digests.filter((digest) => !known.has(digest)),
    };
  }

  /** Which policy would judge a node. */
  async policyNameOf(node: {
    readonly tenant: string;
    readonly labels: Readonly<Record<string, string>>;
  }): Promise<string> {
    return policyNameOf(node, (await this.#load()).policies);
  }

  /** The name that reference values give a contour. */
  async nameOf(contour: string): Promise<string | undefined> {
    return (await this.#load()).named.get(contour);
  }

  /** Digests, `sha256:…`, of images for which reference values name a contour. One that is for any image names none. */
  async imagesWithContour(): Promise<ReadonlySet<string>> {
    return (await this.#load()).images;
  }

  /** Refuses a policy that cannot be read, or that no trusted key signed, with `bad-policy-file`. */
  policyIn(file: Uint8Array): Promise<Policy> {
    return readPolicy(file, this.trusted.policySigners);
  }

  referencesIn(file: Uint8Array): Promise<References> {
    return readReferences(file, this.trusted.policySigners);
  }

  /** The contours that files of reference values name. */
  async contoursIn(files: readonly { readonly file: Uint8Array }[]): Promise<References["contours"]> {
    const all: References["contours"][number][] = [];
    for (const { file } of files) {
      try {
        all.push(...(await this.referencesIn(file)).contours);
      } catch (fault) {
        // A file whose signer is trusted no longer: the appraisal refuses it and says so.
        if (!(fault instanceof AttestError)) throw fault;
      }
    }
    return all;
  }

  /** A contour that only a node sent counts where a reference names it, or a trusted key signed it; anything else would let a node
   *  choose what it is judged by. */
  async #counts(
    { digest, reviewed }: ContourRow,
    { named }: Loaded,
    bodies: readonly CanisterBody[],
  ): Promise<boolean> {
    if (reviewed || named.has(digest)) return true;
    const keys = this.trusted.contourSigners;
    if (keys.length === 0) return false;
    for (const { contour, signature } of bodies) {
      if (contour === undefined || signature === undefined || hex(contour) !== digest) continue;
      try {
        await signerOf(digest as Digest, { signature, keys });
        return true;
      } catch (fault) {
        if (!(fault instanceof IsolineError)) throw fault;
      }
    }
    return false;
  }

  async #contoursBy(digests: readonly string[]): Promise<readonly ContourRow[]> {
    const missing = digests.filter((digest) => !this.#contours.has(digest));
    const fetched = await contoursBy(this.#db, missing);
    for (const row of fetched) {
      if (this.#kept + row.file.length > MOST_KEPT) continue;
      this.#kept += row.file.length;
      this.#contours.set(row.digest, row);
    }
    const all = new Map(fetched.map((row) => [row.digest, row]));
    return digests.flatMap((digest) => this.#contours.get(digest) ?? all.get(digest) ?? []);
  }

  #load(): Promise<Loaded> {
    this.#loaded ??= this.#loadAnew().catch((fault: unknown) => {
      this.#loaded = undefined;
      throw fault;
    });
    return this.#loaded;
  }

  async #loadAnew(): Promise<Loaded> {
    const stamp = await rulesStamp(this.#db);
    const policies = await currentPolicies(this.#db);
    const files = await references(this.#db);
    const told = await this.contoursIn(files);
    return {
      stamp,
      policies: new Map(policies.map((row) => [row.name, row])),
      references: files,
      named: new Map(told.map(({ contour, name }) => [contour, name])),
      images: new Set(told.flatMap(({ images }) => images)),
    };
  }
}

/** The node's label `policy`, else one of its tenant's name, else `default`. */
function policyNameOf(
  { tenant, labels }: { readonly tenant: string; readonly labels: Readonly<Record<string, string>> },
  policies: ReadonlyMap<string, unknown>,
): string {
  const told = labels["policy"];
  if (told !== undefined) return told;
  return policies.has(tenant) ? tenant : "default";
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
