/**
 * Takes statements out of the outbox and appends them to the log: each once, whenever this process ends. How far the log is known to have
 * them is written after the append. A process that ended in between is made good by the log itself: its entries have the numbers.
 */
import { LogError } from "@isoline/log/error";
import type { Fleet } from "../fleet/index.ts";
import {
  beginLog,
  type ClaimedLog,
  claimLog,
  type LogRow,
  needsRoot,
  releaseLog,
  settleLog,
  stateRoot,
  statementsBehind,
  statementsKept,
} from "../store/index.ts";
import { VerifierError } from "../error.ts";
import { stateWhatIsInForce } from "./begin.ts";
import { type LogPlace, OpenLog } from "./open-log.ts";
import { verdictTree } from "./verdict-tree.ts";

const AT_ONCE = 1000;
const LOOK_MS = 1000;
/** After a failure. */
const REST_MS = 10_000;

export class Appender {
  readonly #fleet: Fleet;
  readonly #place: LogPlace;
  readonly #failed: (fault: unknown) => void;
  readonly #noted: (note: string) => void;
  #log: OpenLog | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unheard: (() => void) | undefined;
  #working: Promise<void> | undefined;
  #isNews = false;
  #isLeftSaid = false;
  #restsUntil = 0;
  #asksAfter = 0;

  /**
   * `failed` is told why statements wait. They are in the database until the log has them. `noted` is told what does not keep any waiting.
   */
  constructor(fleet: Fleet, place: LogPlace, failed: (fault: unknown) => void, noted: (note: string) => void) {
    this.#fleet = fleet;
    this.#place = place;
    this.#failed = failed;
    this.#noted = noted;
  }

  /** Refuses a log that cannot be appended to, or that is not the one of this database. */
  async start(): Promise<void> {
    const log = await this.#open();
    try {
      await this.#begin(log);
    } catch (fault) {
      await log.close();
      throw fault;
    }
    this.#log = log;
    this.#unheard = this.#fleet.onChange(() => this.#look());
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
    this.#timer.unref();
    this.#look();
  }

  async #begin(log: OpenLog): Promise<void> {
    const { db } = this.#fleet.store;
    await db.transaction().execute(async (step) => {
      if (await beginLog(step, log.origin, log.size)) await stateWhatIsInForce(step, this.#fleet.rules);
    });
    const row = await db.selectFrom("log").selectAll().executeTakeFirstOrThrow();
    if (row.origin !== log.origin)
      throw new VerifierError(
        "bad-configuration",
        `log: expected ${row.origin}, into which this database is stated, got ${log.origin}; name that log`,
      );
    await this.#lastIn(log, row);
  }

  /** What cannot be removed is said once, however often the log is opened. */
  #open(): Promise<OpenLog> {
    return OpenLog.open(this.#place, (what) => {
      if (!this.#isLeftSaid) this.#noted(`log: ${what}`);
      this.#isLeftSaid = true;
    });
  }

  #lastIn(log: OpenLog, row: LogRow): Promise<number> {
    return log.lastOf(row, (first, last) => statementsKept(this.#fleet.store.db, first, last));
  }

  /** Appends what is there, and lets go of the log. */
  async stop(): Promise<void> {
    this.#unheard?.();
    clearInterval(this.#timer);
    await this.#working;
    this.#isNews = false;
    await this.#work();
    await releaseLog(this.#fleet.store.db, this.#fleet.lease.id).catch(this.#failed);
    await this.#letGo();
  }

  async #letGo(): Promise<void> {
    const log = this.#log;
    this.#log = undefined;
    await log?.close();
  }

  /** What comes while it works is looked at afterwards. */
  #look(): void {
    if (performance.now() < this.#restsUntil) return;
    this.#isNews = this.#working !== undefined;
    this.#working ??= this.#work().finally(() => {
      this.#working = undefined;
      if (this.#isNews) this.#look();
    });
  }

  async #work(): Promise<void> {
    const { lease, store } = this.#fleet;
    try {
      const row = await claimLog(store.db, lease.id);
      // What is open of the log is old when it is this verifier's turn again.
      if (row === undefined) return await this.#letGo();
      await this.#stateHour(row);
      await this.#append(row);
      await this.#show();
    } catch (fault) {
      // The database does not answer, or the log cannot be written: looked at again soon, with the log opened anew.
      await this.#letGo().catch(this.#failed);
      this.#restsUntil = performance.now() + REST_MS;
      this.#failed(fault);
    }
  }

  async #append(row: ClaimedLog): Promise<void> {
    const { lease, store } = this.#fleet;
    // Another verifier appended to it, in a time of which this one knows nothing, as while it was paused.
    if (this.#log !== undefined && this.#log.size < row.size) await this.#letGo();
    this.#log ??= await this.#open();
    const log = this.#log;
    let appended = await this.#lastIn(log, row);
    const settled = () => settleLog(store.db, row.writer, appended, log.size);
    if ((appended > row.appended || log.size > row.size) && !(await settled())) return;
    for (;;) {
      const rows = await statementsBehind(store.db, appended, AT_ONCE);
      const last = rows.at(-1);
      // After a lease that ran out, another verifier may be the one that appends.
      if (last === undefined || !lease.isHeld) return;
      await log.append(rows.map(({ entry }) => entry));
      appended = last.number;
      if (!(await settled())) return;
    }
  }

  /** Witnesses that do not sign keep back what is shown, and not what is appended. They are asked again later. */
  async #show(): Promise<void> {
    if (performance.now() < this.#asksAfter) return;
    try {
      await this.#log?.show();
    } catch (fault) {
      if (!(fault instanceof LogError)) throw fault;
      this.#asksAfter = performance.now() + REST_MS;
      this.#failed(fault);
    }
  }

  async #stateHour(log: ClaimedLog): Promise<void> {
    const { db } = this.#fleet.store;
    if (needsRoot(log)) await stateRoot(db, { hour: log.present, ...(await verdictTree(db, log.label_key)) });
  }
}
