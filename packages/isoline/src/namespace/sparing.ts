/**
 * Which departures and losses of a namespace its ledger is told of, and which are only counted. The ledger is that of the whole host for
 * one boot. A workload departs as often as it likes, and is started anew as often as it ends; under a new name where it is a container.
 *
 * So there is a bound for all runs of one name, and one for all runs. Where either is reached, a run has its first departure and its first
 * loss recorded all the same, and further ones each time that their number in this run has doubled.
 */
import type { InLedger } from "../register/host-registers.ts";

interface Bound {
  /** Records of all runs of one name. */
  readonly ofName: number;
  /** Records of all runs. */
  readonly inAll: number;
}

/** A record of a departure has less than 200 bytes, one of a loss less than 500: at most 20 MiB of the 64 that a ledger has. */
const DEPARTURES: Bound = { ofName: 4096, inAll: 65_536 };
const LOSSES: Bound = { ofName: 1024, inAll: 16_384 };
/** Reasons of losses that are told apart. */
const MOST_REASONS = 64;
const FURTHER = "for further reasons";

export class Sparing {
  readonly #inLedger: () => InLedger;
  #departures = 0;
  #lossesTold = 0;
  /** By reason: how often something was lost, and how much of that is not told yet. */
  readonly #losses = new Map<string, { times: number; waiting: number }>();

  /** `inLedger`: what it has now. */
  constructor(inLedger: () => InLedger) {
    this.#inLedger = inLedger;
  }

  /** Of this run, told or not. */
  get departures(): number {
    return this.#departures;
  }

  /** Whether a further departure is told. */
  departed(): boolean {
    const isRoom = this.#hasRoom("departures", this.#departures, DEPARTURES);
    this.#departures += 1;
    return isRoom || doubles(this.#departures);
  }

  /**
   * What is told of a further loss: the first of each reason at once, and more of it each time that their number has doubled. Where there
   * is no room for reasons, all of them are one. Undefined: it is counted until then.
   */
  lost(reason: string, count: number): { readonly reason: string; readonly count: number } | undefined {
    const isRoom = this.#hasRoom("losses", this.#lossesTold, LOSSES);
    const isApart = isRoom && (this.#losses.has(reason) || this.#losses.size < MOST_REASONS);
    const about = isApart ? reason : FURTHER;
    const { times, waiting } = this.#losses.get(about) ?? { times: 0, waiting: 0 };
    const isTold = doubles(times + 1);
    this.#losses.set(about, { times: times + 1, waiting: isTold ? 0 : waiting + count });
    if (!isTold) return undefined;
    this.#lossesTold += 1;
    return { reason: about, count: waiting + count };
  }

  /** `own`: those of this run, of which the ledger may not have the last yet. */
  #hasRoom(what: "departures" | "losses", own: number, most: Bound): boolean {
    const { ofName, inAll } = this.#inLedger();
    return Math.max(ofName[what], own) < most.ofName && inAll[what] < most.inAll;
  }
}

/** Whether a number is a power of two. */
const doubles = (number: number): boolean => (number & (number - 1)) === 0;
