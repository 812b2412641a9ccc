/**
 * Barred processes: the BPF programs refuse every act of such a process, and of the children that it forks from then on.
 *
 * A process that could not be barred would go on with every act that is known, without being asked. So it is ended instead.
 */
import type { ModelMediator } from "../model-mediator.ts";
import type { Members } from "./members.ts";
import type { BpfProcess } from "./processes.ts";

const SIGKILL = 9;
const UNBARRED = "a process that was to do nothing more could not be noted as barred, and was ended: no space was left";

export class Bars {
  readonly #members: Pick<Members, "bar" | "unbar" | "lives" | "signal">;
  readonly #mediator: Pick<ModelMediator, "isBarred" | "lost">;
  /** The processes that the BPF programs were told of, by handle. */
  readonly #told = new Set<number>();

  constructor(
    members: Pick<Members, "bar" | "unbar" | "lives" | "signal">,
    mediator: Pick<ModelMediator, "isBarred" | "lost">,
  ) {
    this.#members = members;
    this.#mediator = mediator;
  }

  /**
   * Bars a process that the policy bars, before it gets any verdict: it would continue with its next act at once. `isBorn`: the BPF
   * programs have barred it since its birth. A process that was "ended" may not do, either, what it waits for.
   */
  on(process: BpfProcess, isBorn: boolean): "free" | "barred" | "ended" {
    if (!this.#mediator.isBarred(process)) return "free";
    if (isBorn || this.#told.has(process.handle)) return "barred";
    if (!this.#members.bar(process.handle)) {
      this.#members.signal(process, SIGKILL);
      this.#mediator.lost(UNBARRED, process);
      return "ended";
    }
    this.#told.add(process.handle);
    // Looked at afterwards: the BPF programs remove the entry of a process that ends from now on.
    if (!this.#members.lives(process)) this.#members.unbar(process.handle);
    return "barred";
  }

  died({ handle }: BpfProcess): void {
    this.#told.delete(handle);
  }
}
