/**
 * Keys in the order of their last use, at constant cost. The order of a Map would do, but its oldest entry is looked for behind every one
 * that was deleted since its table was laid out anew: 250 µs on average with 100 000 nodes.
 *
 *   oldest ⇄ … ⇄ newest
 */
interface Link {
  readonly key: string;
  older: Link | undefined;
  newer: Link | undefined;
}

export class UseOrder {
  readonly #links = new Map<string, Link>();
  #oldest: Link | undefined;
  #newest: Link | undefined;

  get size(): number {
    return this.#links.size;
  }

  /** The key whose last use is the longest ago; undefined where there are none. */
  get oldest(): string | undefined {
    return this.#oldest?.key;
  }

  /** Makes this key the newest, whether or not it is here. */
  use(key: string): void {
    this.drop(key);
    const link: Link = { key, older: this.#newest, newer: undefined };
    this.#links.set(key, link);
    if (this.#newest === undefined) this.#oldest = link;
    else this.#newest.newer = link;
    this.#newest = link;
  }

  drop(key: string): void {
    const link = this.#links.get(key);
    if (link === undefined) return;
    this.#links.delete(key);
    this.#takeOut(link);
  }

  #takeOut({ older, newer }: Link): void {
    if (older === undefined) this.#oldest = newer;
    else older.newer = newer;
    if (newer === undefined) this.#newest = older;
    else newer.older = older;
  }
}
