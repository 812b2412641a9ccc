/** The rules that are in force: policies, reference values, contours, and the keys that are trusted to sign them. */
import {
  type AppraisalRules,
  ContourFile,
  type ContourFor,
  isBegun,
  type Policy,
  readPolicy,
  readReferences,
  readRules,
  type References,
} from "@isoline/attest/appraise";
import type { CanisterBody } from "@isoline/attest/evidence";
import { AttestError } from "@isoline/attest/error";
import { IsolineError } from "@isoline/core/error";
import type { Digest } from "@isoline/core/digest";
import { signerOf } from "@isoline/core/verify";
import {
  contoursBy,
  contoursNamed,
  currentPolicies,
  type Database,
  type NamedContour,
  type PolicyRow,
  type ReferenceRow,
  references,
  reviewedAmong,
  rulesStamp,
  withdrawnAmong,
} from "../store/index.ts";
import { digestsIn, imagesByContour, signaturesIn } from "./named-contours.ts";
import { sha256 } from "./sha256.ts";
import type { Trusted } from "./trusted.ts";

/** Bytes of contours that are kept in memory. */
const MOST_KEPT = 256 * 2 ** 20;
/** So long a contour that the store has not is not looked for again, unless a verifier says that one came. */
const MISSING_MS = 1000;
/** Digests that nodes may name, with a contour behind them or without, before what is known of them is dropped. */
const MOST_NAMES = 10_000;

/** What was read of files of reference values, by their digests; undefined for one that is refused. */
type KnownReferences = ReadonlyMap<string, References | undefined>;

type ReferenceFile = Pick<ReferenceRow, "digest" | "file">;

interface Loaded {
  readonly stamp: string;
  readonly policies: ReadonlyMap<string, PolicyRow>;
  readonly references: readonly Uint8Array[];
  readonly known: KnownReferences;
  /** The same, in the order of the files. */
  readonly asRead: readonly (References | undefined)[];
  /** Digests of contours that reference values name. */
  readonly named: ReadonlyMap<string, string>;
  /** The images for which reference values name a contour, by its digest: none for any. */
  readonly namedFor: ReadonlyMap<string, readonly string[]>;
  /** Digests of images for which reference values name a contour. */
  readonly images: ReadonlySet<string>;
  /** Policies that evidence was judged by, each read with these reference values, by its name. A refusal is kept as well. */
  readonly read: Map<string, Promise<AppraisalRules>>;
}

/** What one appraisal is judged by. */
export interface RulesForNode {
  readonly policy: PolicyRow | undefined;
  readonly references: readonly Uint8Array[];
  /** A contour that counts by signatures alone is for the images that these name. */
  readonly contours: readonly ContourFor[];
  /** Digests of contours that this verifier has not. */
  readonly missing: readonly string[];
  /** Those of them that count by signatures once they are here, and for which images. */
  readonly awaited: ReadonlyMap<string, readonly string[]>;
  /** For an appraisal by this policy: what was read of these very files before, and reads them where nothing was. */
  readonly read: typeof readRules;
}

export class Rules {
  readonly #db: Database;
  readonly trusted: Trusted;
  #loaded: Promise<Loaded> | undefined;
  /** Contours that evidence named, by digest. */
  readonly #named = new Map<string, NamedContour>();
  /** Those of them that counted. What only a node sent is not read: it could make that as much as it likes. */
  readonly #contours = new Map<string, ContourFile>();
  /** Digests of contours that the store has not, and until when that counts. */
  readonly #missing = new Map<string, number>();
  #kept = 0;
  #changes = 0;

  constructor(db: Database, trusted: Trusted) {
    this.#db = db;
    this.trusted = trusted;
  }

  /** What was loaded may be old; the next appraisal loads it again. */
  changed(): void {
    this.#loaded = undefined;
    this.#contours.clear();
    this.#kept = 0;
    this.contourCame();
  }

  /** A contour came, or was reviewed. Policies and reference values are as they were: nodes send contours, and reading those takes long. */
  contourCame(): void {
    this.#named.clear();
    this.#missing.clear();
    this.#changes++;
  }

  /** Looks whether a change was missed. */
  async compare(): Promise<void> {
    if (this.#loaded === undefined) return;
    const { stamp } = await this.#loaded;
    if ((await rulesStamp(this.#db)) !== stamp) return this.changed();
    // A contour that a person put meanwhile. One that is reviewed no longer was withdrawn, of which the stamp tells.
    const unreviewed = [...this.#named.values()].flatMap(({ digest, reviewed }) => (reviewed ? [] : digest));
    if ((await reviewedAmong(this.#db, unreviewed)).length > 0) this.contourCame();
  }

  /** `last` is the policy by which evidence of this node was accepted last. */
  async forNode(
    node: { readonly tenant: string; readonly labels: Readonly<Record<string, string>> },
    bodies: readonly CanisterBody[],
    breathe: () => Promise<void> | undefined = () => undefined,
    last?: Pick<PolicyRow, "name" | "version">,
  ): Promise<RulesForNode> {
    const loaded = await this.#loadFor(last);
    const there = await this.#contoursBy(digestsIn(bodies));
    const signatures =
      this.trusted.contourSigners.length === 0 ? new Map<string, readonly Uint8Array[]>() : signaturesIn(bodies);
    const counting = new Map<string, readonly string[]>();
    for (const one of there) {
      const images = await this.#imagesFor(one, loaded, signatures.get(one.digest) ?? [], breathe);
      if (images !== undefined) counting.set(one.digest, images);
    }
    const files = await this.#filesOf([...counting.keys()]);
    const known = new Set(there.map(({ digest }) => digest));
    // A stranger on the node decides what its own is held to: such a contour is not sent, and not asked for.
    const missing = digestsIn(bodies.filter(({ label }) => !isBegun(label))).filter((digest) => !known.has(digest));
    const policy = loaded.policies.get(policyNameOf(node, loaded.policies));
    return {
      policy,
      references: loaded.references,
      read: readerOf(loaded, policy),
      contours: files.map(([digest, file]) => ({ file, images: counting.get(digest) ?? [] })),
      missing,
      awaited: await this.#awaitedOf(missing, loaded, signatures, breathe),
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

  /**
   * Gives a function for a transaction that holds locks: the name that reference values give a contour by then. It reads their files only
   * where they are others than those that were loaded before it began: that takes long.
   */
  async namesForStep(): Promise<(step: Database, contour: string) => Promise<string | undefined>> {
    const { stamp, named, known } = await this.#load();
    return async (step, contour) => {
      if ((await rulesStamp(step)) === stamp) return named.get(contour);
      const told = await this.contoursIn(await references(step), known);
      return told.find((one) => one.contour === contour)?.name;
    };
  }

  /** Digests of the contours that reference values name. */
  async namedContours(): Promise<ReadonlySet<string>> {
    return new Set((await this.#load()).named.keys());
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

  /** What was read of the files that are in force. For a transaction that holds locks, which does not read them again. */
  async knownReferences(): Promise<KnownReferences> {
    return (await this.#load()).known;
  }

  /** The contours that files of reference values name. Of those that are known, none is read again. */
  async contoursIn(files: readonly ReferenceFile[], known?: KnownReferences): Promise<References["contours"]> {
    const read = await this.#read(files, known);
    return files.flatMap(({ digest }) => read.get(digest)?.contours ?? []);
  }

  /** The boots in them, in the same way. */
  async bootsIn(files: readonly ReferenceFile[], known?: KnownReferences): Promise<References["boots"]> {
    const read = await this.#read(files, known);
    return files.flatMap(({ digest }) => read.get(digest)?.boots ?? []);
  }

  async #read(files: readonly ReferenceFile[], known: KnownReferences = new Map()): Promise<KnownReferences> {
    const read = new Map<string, References | undefined>();
    for (const { digest, file } of files)
      read.set(digest, known.has(digest) ? known.get(digest) : await this.#readOne(file));
    return read;
  }

  /** The contours that a file names. Also where its signer is trusted no longer: it was when the file was put, and then they counted. */
  async contoursOnceIn({ digest, file }: ReferenceFile, known: KnownReferences): Promise<References["contours"]> {
    return (known.get(digest) ?? (await this.#readOne(file, [])))?.contours ?? [];
  }

  async #readOne(file: Uint8Array, signers = this.trusted.policySigners): Promise<References | undefined> {
    try {
      return await readReferences(file, signers);
    } catch (fault) {
      // A file whose signer is trusted no longer: the appraisal refuses it and says so.
      if (fault instanceof AttestError) return undefined;
      throw fault;
    }
  }

  /**
   * A contour that only a node sent counts where a reference names it, or a trusted key signed it; anything else would let a node choose
   * what it is judged by. Signatures do not end, so one that was withdrawn counts by none.
   *
   * Gives the images that it counts for, those of all references that name it or of all its signatures: none for any, and undefined where
   * it counts for no image.
   */
  async #imagesFor(
    { digest, reviewed, withdrawn }: NamedContour,
    { namedFor }: Loaded,
    signatures: readonly Uint8Array[],
    breathe: () => Promise<void> | undefined,
  ): Promise<readonly string[] | undefined> {
    const told = namedFor.get(digest);
    if (told !== undefined) return told;
    if (withdrawn || reviewed) return withdrawn ? undefined : [];
    const keys = this.trusted.contourSigners;
    const images = new Set<string>();
    for (const signature of signatures) {
      const pause = breathe();
      if (pause !== undefined) await pause;
      try {
        const signed = await signerOf(digest as Digest, { signature, keys });
        if (signed.images.length === 0) return [];
        for (const image of signed.images) images.add(image);
      } catch (fault) {
        if (!(fault instanceof IsolineError)) throw fault;
      }
    }
    return images.size === 0 ? undefined : [...images];
  }

  /** One that was withdrawn will not count when it comes. */
  async #awaitedOf(
    missing: readonly string[],
    loaded: Loaded,
    signatures: ReadonlyMap<string, readonly Uint8Array[]>,
    breathe: () => Promise<void> | undefined,
  ): Promise<ReadonlyMap<string, readonly string[]>> {
    const awaited = new Map<string, readonly string[]>();
    for (const digest of missing) {
      const one = { digest, reviewed: false, withdrawn: false };
      const images = await this.#imagesFor(one, loaded, signatures.get(digest) ?? [], breathe);
      if (images !== undefined) awaited.set(digest, images);
    }
    for (const digest of await withdrawnAmong(this.#db, [...awaited.keys()])) awaited.delete(digest);
    return awaited;
  }

  async #contoursBy(digests: readonly string[]): Promise<readonly NamedContour[]> {
    const now = performance.now();
    const isMissing = (digest: string) => (this.#missing.get(digest) ?? 0) > now;
    const unknown = digests.filter((digest) => !this.#named.has(digest) && !isMissing(digest));
    const changes = this.#changes;
    const found = new Map((await contoursNamed(this.#db, unknown)).map((row) => [row.digest, row]));
    const all = digests.flatMap((digest) => this.#named.get(digest) ?? found.get(digest) ?? []);
    // A contour that came while the store was asked may be missing in its answer: then nothing of the answer is kept.
    if (changes !== this.#changes) return all;
    for (const names of [this.#missing, this.#named]) if (names.size > MOST_NAMES) names.clear();
    for (const digest of unknown) {
      const row = found.get(digest);
      if (row === undefined) this.#missing.set(digest, now + MISSING_MS);
      else this.#named.set(digest, row);
    }
    return all;
  }

  async #filesOf(digests: readonly string[]): Promise<readonly (readonly [digest: string, file: ContourFile])[]> {
    const changes = this.#changes;
    const unknown = digests.filter((digest) => !this.#contours.has(digest));
    const rows = await contoursBy(this.#db, unknown);
    const found = new Map(rows.map(({ digest, file }) => [digest, new ContourFile(file, sha256)]));
    const all = digests.flatMap((digest) => {
      const file = this.#contours.get(digest) ?? found.get(digest);
      return file === undefined ? [] : [[digest, file] as const];
    });
    if (changes !== this.#changes) return all;
    for (const { digest, file } of rows) {
      if (this.#kept + file.length > MOST_KEPT) continue;
      this.#kept += file.length;
      this.#contours.set(digest, found.get(digest) as ContourFile);
    }
    return all;
  }

  /** Another verifier may have accepted by a newer policy than this one was told of: nothing is judged by an older one before it looked. */
  async #loadFor(last: Pick<PolicyRow, "name" | "version"> | undefined): Promise<Loaded> {
    const loaded = await this.#load();
    if (last === undefined || (loaded.policies.get(last.name)?.version ?? 0) >= last.version) return loaded;
    await this.compare();
    return this.#load();
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
    const known = await this.#read(files);
    const told = files.flatMap(({ digest }) => known.get(digest)?.contours ?? []);
    return {
      known,
      asRead: files.map(({ digest }) => known.get(digest)),
      stamp,
      policies: new Map(policies.map((row) => [row.name, row])),
      references: files.map(({ file }) => file),
      named: new Map(told.map(({ contour, name }) => [contour, name])),
      namedFor: imagesByContour(told),
      images: new Set(told.flatMap(({ images }) => images)),
      read: new Map(),
    };
  }
}

/**
 * Reads this policy once with the reference values that were loaded with it. When a rule changes, everything is loaded anew, and read
 * anew. Another file, as of a dry run, is read as it comes. The keys of signers do not change while a verifier runs.
 */
function readerOf({ references: loaded, asRead, read }: Loaded, policy: PolicyRow | undefined): typeof readRules {
  return (file, references, signers, told) => {
    if (references !== loaded) return readRules(file, references, signers, told);
    if (file !== policy?.file) return readRules(file, references, signers, { ...told, references: asRead });
    const rules = read.get(policy.name) ?? readRules(file, references, signers, { references: asRead });
    read.set(policy.name, rules);
    return rules;
  };
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
