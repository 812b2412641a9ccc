/**
 * Published contours, and which of them a rule accepts. Reference values have up to a hundred thousand contours, a rule thousands, and a
 * node makes up as many canisters as it likes: so each is found by its digest, and nothing is looked through for each canister.
 */
import { ContourFile, type ContourFor } from "./contour-file.ts";
import type { CanisterRule } from "./policy.ts";
import type { Trust } from "./question.ts";
import type { ContourReference, References } from "./references.ts";

type All = References["contours"];
type Groups = ReadonlyMap<string, readonly ContourReference[]>;

/** All that were published, for the rules of one appraisal. */
export class Published {
  readonly #references: All;
  readonly #files: ReadonlyMap<string, ContourFor>;
  readonly #awaited: Trust["awaited"];
  #inStates: ReadonlyMap<string, readonly string[]> | undefined;

  private constructor(references: All, files: ReadonlyMap<string, ContourFor>, awaited: Trust["awaited"]) {
    this.#references = references;
    this.#files = files;
    this.#awaited = awaited;
  }

  static async of({ contours: files, awaited }: Trust, { contours: references }: References): Promise<Published> {
    const byDigest = new Map<string, ContourFor>();
    for (const one of files) {
      const file = ContourFile.of(one);
      const digest = await file.digest;
      if (digest !== undefined) byDigest.set(digest, { file, images: "images" in one ? one.images : [] });
    }
    return new Published(references, byDigest, awaited);
  }

  /** All of them, or those that the rule names: by digest, or by the name that reference values give them. */
  for({ contours }: CanisterRule): PublishedFor {
    return new PublishedFor(this, contours);
  }

  /** Reference values of the contour with this digest. */
  referencesOf(digest: string): readonly ContourReference[] {
    return grouped(this.#references, ofContour, ({ contour }) => contour).get(digest) ?? [];
  }

  /** Reference values of contours whose points have this state. */
  referencesIn(state: string): readonly ContourReference[] {
    return grouped(this.#references, ofState, ({ state: its }) => its).get(state) ?? [];
  }

  fileOf(digest: string): ContourFor | undefined {
    return this.#files.get(digest);
  }

  /** The images of a contour whose file has not come yet; undefined of one that would not count either if it came. */
  awaitedFor(digest: string): readonly string[] | undefined {
    return this.#awaited?.get(digest);
  }

  /** Digests of files whose points have this state. To know the state of a file takes long, so it is computed where it is asked for. */
  filesIn(state: string): readonly string[] {
    this.#inStates ??= groupsOf(
      [...this.#files],
      ([, { file }]) => file.state ?? "",
      ([digest]) => digest,
    );
    return this.#inStates.get(state) ?? [];
  }
}

/** Those that a rule accepts. */
export class PublishedFor {
  readonly #all: Published;
  readonly #named: CanisterRule["contours"];

  constructor(all: Published, named: CanisterRule["contours"]) {
    this.#all = all;
    this.#named = named;
  }

  referencesOf(digest: string): readonly ContourReference[] {
    return this.#all.referencesOf(digest).filter((one) => this.#accepts(one));
  }

  referencesIn(state: string): readonly ContourReference[] {
    return this.#all.referencesIn(state).filter((one) => this.#accepts(one));
  }

  fileOf(digest: string): ContourFor | undefined {
    return this.#acceptsFile(digest) ? this.#all.fileOf(digest) : undefined;
  }

  awaitedFor(digest: string): readonly string[] | undefined {
    return this.#acceptsFile(digest) ? this.#all.awaitedFor(digest) : undefined;
  }

  /** A file whose points have this state, and that is for an image that fits. */
  fileIn(state: string, isFor: (images: readonly string[]) => boolean): ContourFile | undefined {
    const found = this.#all.filesIn(state).flatMap((digest) => this.fileOf(digest) ?? []);
    return found.find(({ images }) => isFor(images))?.file;
  }

  #accepts({ name, contour }: ContourReference): boolean {
    return this.#named === undefined || this.#named.has(name) || this.#named.has(`sha256:${contour}`);
  }

  #acceptsFile(digest: string): boolean {
    if (this.#named === undefined || this.#named.has(`sha256:${digest}`)) return true;
    return this.referencesOf(digest).length > 0;
  }
}

/** Of reference values, which stay as they are while nodes are judged by them: grouped once. */
const ofContour = new WeakMap<All, Groups>();
const ofState = new WeakMap<All, Groups>();

function grouped(references: All, known: WeakMap<All, Groups>, by: (one: ContourReference) => string): Groups {
  const groups = known.get(references) ?? groupsOf(references, by, (one) => one);
  known.set(references, groups);
  return groups;
}

function groupsOf<T, V>(
  all: readonly T[],
  by: (one: T) => string,
  value: (one: T) => V,
): ReadonlyMap<string, readonly V[]> {
  const groups = new Map<string, V[]>();
  for (const one of all) {
    const key = by(one);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [value(one)]);
    else group.push(value(one));
  }
  return groups;
}
