/**
 * Rule `pseudonym`: the user's own names for paths. Applied last, to the result of the other rules, so that a policy is written
 * with the paths that a contour shows and is valid on every machine.
 */
import { Glob } from "../glob.ts";
import type { Pseudonym } from "../policy.ts";

export class Pseudonyms {
  readonly #rules: readonly { readonly glob: Glob; readonly token: string }[];
  readonly #contentless: ReadonlySet<string>;

  constructor(pseudonyms: readonly Pseudonym[]) {
    this.#rules = pseudonyms.map(({ path, as }) => ({ glob: Glob.of(path), token: `$${as}` }));
    this.#contentless = new Set(pseudonyms.filter(({ content }) => !content).map(({ as }) => `$${as}`));
  }

  /** The path with the matching part replaced by its pseudonym; the first rule that matches is used. */
  of(path: string): string | undefined {
    for (const { glob, token } of this.#rules) {
      const matched = glob.match(path);
      if (matched > 0) return token + path.slice(matched);
    }
    return undefined;
  }

  /** Whether content counts for a path, renamed or not. */
  contentCounts(renamed: string): boolean {
    if (this.#contentless.size === 0) return true;
    const slash = renamed.indexOf("/");
    return !this.#contentless.has(slash < 0 ? renamed : renamed.slice(0, slash));
  }
}
