/** What one namespace has told, and its TPM has not taken yet, oldest first. */
import type { Told } from "./host-registers.ts";

/** An item, and the number of the last order that it stands for. */
interface Item {
  told: Told;
  through: number;
}

const MOST_WAITING = 10_000;
/** Stands for each item that came when so many waited. */
const TOO_MUCH: Told = { kind: "loss", reason: "more happened than could wait for the TPM", count: 1 };

export class RecordQueue {
  readonly #items: Item[] = [];

  get first(): Readonly<Item> | undefined {
    return this.#items[0];
  }

  /** While nothing is taken, losses for the same reason become one, so that what waits does not grow with them. */
  add(told: Told, number: number): void {
    const waits = this.#items.length < MOST_WAITING ? told : TOO_MUCH;
    // The first is being recorded.
    const same = this.#items.find((each, index) => index > 0 && isSameLoss(each.told, waits));
    if (same?.told.kind !== "loss" || waits.kind !== "loss") {
      this.#items.push({ told: waits, through: number });
      return;
    }
    same.told = { ...same.told, count: same.told.count + waits.count };
    (this.#items.at(-1) as Item).through = number;
  }

  taken(): void {
    this.#items.shift();
  }

  drop(): void {
    this.#items.length = 0;
  }
}

function isSameLoss(one: Told, other: Told): boolean {
  return one.kind === "loss" && other.kind === "loss" && one.reason === other.reason;
}
