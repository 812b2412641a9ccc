/** The root of a tree whose leaves come one by one: of what is behind, only the whole subtrees are kept, one for each bit of the size. */
import { EMPTY_ROOT, innerHash, leafHash } from "./hash.ts";

export class RunningRoot {
  /** Whole subtrees from left to right, each higher than the next. */
  readonly #whole: { readonly height: number; readonly hash: Uint8Array }[] = [];
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(leaf: Uint8Array): void {
    let [height, hash] = [0, leafHash(leaf)];
    for (let last = this.#whole.at(-1); last?.height === height; last = this.#whole.at(-1)) {
      this.#whole.pop();
      hash = innerHash(last.hash, hash);
      height += 1;
    }
    this.#whole.push({ height, hash });
    this.#size += 1;
  }

  root(): Uint8Array {
    const [last, ...before] = this.#whole.toReversed();
    return last === undefined ? EMPTY_ROOT : before.reduce((right, { hash }) => innerHash(hash, right), last.hash);
  }
}
