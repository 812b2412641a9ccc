/** What one namespace has told, and its TPM has not taken yet, oldest first. */
import type { Told } from "./host-registers.ts";

/** An item, and the number of the last order that it stands for. */
interface Item {
  told: Told;
  through: number;
}

const MOST_WAITING = 10_000;
/** Of what stands for each item that came when so many waited. */
const TOO_MUCH = "more happened than could wait for the TPM";

export class RecordQueue {
  readonly #items: Item[] = [];

  get first(): Readonly<Item> | undefined {
    return this.#items[0];
  }

  /**
   * While nothing is taken, losses for the same reason become one, so that what waits does not grow with them. Beyond the most that waits,
   * each item but an end, which there is one of, counts as lost.
   */
  add(told: Told, number: number): void {
    const hasRoom = this.#items.length < MOST_WAITING || told.kind === "end";
    // An object of its own: what is recorded is known by that.
    const waits: Told = hasRoom ? told : { kind: "loss", reason: TOO_MUCH, count: 1 };
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
