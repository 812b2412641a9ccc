/**
 * The lease of this verifier. While it runs, no other verifier takes the nodes that this one owns. When it could not be
 * renewed, this one owns nothing any more. It ends here before it ends for the others: time is counted from before the renewal was
 * asked for, by a clock that is never set, and by the time of day as well: the first stands still while the machine is paused.
 */
import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { beginLease, type Database, endLease, renewLease } from "../store/index.ts";
import { machineTime, type Time } from "./time.ts";

/** How long the others wait for a verifier that died. */
const LEASE_SECONDS = 6;
const RENEWALS = 3;
const SOONEST_MS = 100;
/** Clocks of two machines do not run equally fast. */
const MARGIN = 0.9;

export class Lease {
  readonly #db: Database;
  readonly #lost: () => void;
  readonly #renewed: () => Promise<void>;
  readonly #time: Time;
  #id = "";
  #until = 0;
  /** By the time of day. */
  #untilThen = 0;
  #unschedule: () => void = () => undefined;
  #isOver = false;

  /** `lost` is called when the lease ran out, `renewed` after each renewal. */
  constructor(db: Database, on: { lost: () => void; renewed: () => Promise<void> }, time: Time = machineTime) {
    this.#db = db;
    this.#time = time;
    this.#lost = on.lost;
    this.#renewed = on.renewed;
  }

  /** Which verifier this is. It becomes another one when its lease was lost, and is none until then: what was asked for before is void. */
  get id(): string {
    return this.#id;
  }

  get isHeld(): boolean {
    return this.#time.now() < this.#until && this.#time.date() < this.#untilThen;
  }

  /** When it ended, where it is not held: by the clock that is never set. */
  get ended(): number {
    return Math.min(this.#time.now(), this.#until);
  }

  async begin(): Promise<void> {
    await this.#beginAnew();
    this.#schedule();
  }

  async end(): Promise<void> {
    this.#isOver = true;
    this.#unschedule();
    this.#until = 0;
    await endLease(this.#db, this.#id);
  }

  async #beginAnew(): Promise<void> {
    const begin = this.#beginning();
    const id = randomUUID();
    await beginLease(this.#db, id, hostname(), LEASE_SECONDS);
    this.#id = id;
    begin();
  }

  /** To be called when the lease was given; its time counts from now on. */
  #beginning(): () => void {
    const [until, untilThen] = [this.#time.now(), this.#time.date()].map((now) => now + LEASE_SECONDS * 1000 * MARGIN);
    return () => {
      this.#until = until as number;
      this.#untilThen = untilThen as number;
    };
  }

  /** Counted from when the last one was asked for: one that was not answered is asked for again while the lease runs. */
  #schedule(asked = this.#time.now()): void {
    const next = asked + (LEASE_SECONDS * 1000) / RENEWALS;
    this.#unschedule = this.#time.after(Math.max(next - this.#time.now(), SOONEST_MS), () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const asked = this.#time.now();
    try {
      const begin = this.#beginning();
      if (await renewLease(this.#db, this.#id, LEASE_SECONDS)) begin();
      else {
        this.#until = this.ended;
        this.#id = "";
        this.#lost();
        await this.#beginAnew();
      }
      await this.#renewed();
    } catch {
      // The database does not answer: the lease runs out by itself, and is asked for again. What was owned is forgotten then, so the old
      // id must not go on, though a renewal was written whose answer was lost: its nodes would be owned and watched by none.
      if (!this.isHeld) {
        this.#id = "";
        this.#lost();
      }
    } finally {
      if (!this.#isOver) this.#schedule(asked);
    }
  }
}
