/** What the workload builds, as far as a rule of the policy asks: the supervisor knows each file that it opens for a task to write. */
import type { Digest } from "@isoline/core/digest";
import type { Maker } from "@isoline/core/identity";
import type { Identity } from "../acting.ts";
import type { Found } from "../files/found.ts";
import type { FileKnowledge } from "../files/knowledge.ts";
import { type Built, Makings, type Writing } from "../files/makings.ts";
import type { Tools } from "../tools.ts";
import type { Opener } from "./perform/opener.ts";

const NOTHING: Built = new Map();

export class Building {
  readonly #tools: Tools;
  readonly #caller: () => Identity | undefined;
  readonly #makings: Makings | undefined;

  /** `caller` is the program whose call is being decided. */
  constructor(tools: Tools, files: FileKnowledge, opener: Opener, caller: () => Identity | undefined) {
    this.#tools = tools;
    this.#caller = caller;
    if (!tools.knowMakers) return;
    const makings = new Makings(files);
    this.#makings = makings;
    opener.onWritable = (own) => makings.opened(own, this.#makerNow());
  }

  /** Takes over what earlier runs have built. */
  know(built: Built): void {
    this.#makings?.know(built);
  }

  /** What is built by now, with what was taken over. */
  get built(): Built {
    return this.#makings?.all() ?? NOTHING;
  }

  /** Who has built a file with this content; undefined if it is not proven. */
  makersOf(found: Found, digest: Digest | undefined): readonly Maker[] | undefined {
    return this.#makings?.of(found, digest);
  }

  /** A file is truncated, or extended, by the task whose call is being decided. */
  cuts(found: Found): void {
    this.#makings?.cut(found.stat, this.#makerNow());
  }

  close(): void {
    this.#makings?.close();
  }

  #makerNow(): Writing | undefined {
    const identity = this.#caller();
    return identity && this.#tools.makerOf(identity);
  }
}
