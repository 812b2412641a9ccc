/** What one namespace has told, and its TPM has not taken yet, oldest first. */
import { encodeRecord, type LedgerRecord } from "@isoline/attest/register";
import type { Registered, Told } from "./host-registers.ts";

/** An item, and the number of the last order that it stands for. */
interface Item {
  told: Told;
  through: number;
}

const MOST_WAITING = 10_000;
/** Of what stands for each item that came when so many waited. */
const TOO_MUCH = "more happened than could wait for the TPM";

/** Of what stands for an item that is in no form of a record. */
const UNRECORDABLE = "something happened that has no form in the ledger";
const EMPTY = new Uint8Array(32);

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

  /**
   * What no ledger could ever have counts as lost, so that it does not keep back all that comes after it: a loss for as many as it stood
   * for. Whether the first was that.
   */
  loseUnrecordable(of: Registered): boolean {
    const [first] = this.#items;
    if (first === undefined || isRecordable(first.told, of)) return false;
    first.told = { kind: "loss", reason: UNRECORDABLE, count: lostIn(first.told) };
    return true;
  }

  taken(): void {
    this.#items.shift();
  }

  drop(): void {
    this.#items.length = 0;
  }
}

/** How many things an item stands for, as a number that a record can have. */
function lostIn(told: Told): number {
  const count = told.kind === "loss" ? told.count : 1;
  return count >= 1 ? Math.min(Math.ceil(count), Number.MAX_SAFE_INTEGER) : 1;
}

function isSameLoss(one: Told, other: Told): boolean {
  return one.kind === "loss" && other.kind === "loss" && one.reason === other.reason;
}

/** Whether there is a record of it, whenever that is written. */
function isRecordable(told: Told, { birth, register }: Registered): boolean {
  const known = { sequence: 1, at: 0, birth, register, ...(told.kind === "end" ? { value: EMPTY } : {}) };
  try {
    encodeRecord({ ...told, ...known } as LedgerRecord);
    return true;
  } catch {
    return false;
  }
}
