/**
 * Which of many has the most: a binary heap. Each item knows its place in it, so that one whose size changed is moved at the cost of the
 * heap's height.
 */
export interface Sized {
  readonly size: number;
  /** Where it is in the heap, which alone writes this. */
  place: number;
}

export class Largest<T extends Sized> {
  /** No item is larger than the one at half its place. The first is at place 1. */
  readonly #heap: (T | undefined)[] = [undefined];

  get first(): T | undefined {
    return this.#heap[1];
  }

  add(item: T): void {
    this.#put(item, this.#heap.length);
    this.changed(item);
  }

  /** Its size is another one than before. */
  changed(item: T): void {
    for (let above = this.#above(item); above !== undefined && above.size < item.size; above = this.#above(item))
      this.#swap(item, above);
    for (let below = this.#below(item); below !== undefined && below.size > item.size; below = this.#below(item))
      this.#swap(item, below);
  }

  remove(item: T): void {
    const last = this.#heap.pop();
    if (last === undefined || last === item) return;
    this.#put(last, item.place);
    this.changed(last);
  }

  #above({ place }: T): T | undefined {
    return this.#heap[place >> 1];
  }

  /** The larger one of the two below. */
  #below({ place }: T): T | undefined {
    const [one, other] = [this.#heap[place * 2], this.#heap[place * 2 + 1]];
    return other !== undefined && one !== undefined && other.size > one.size ? other : one;
  }

  #swap(one: T, other: T): void {
    const { place } = one;
    this.#put(one, other.place);
    this.#put(other, place);
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }
}
