/** Descriptors of tasks. They are limited: those of ended tasks are closed first; if that is not enough, none is kept. */
import { close, pidfdOpen } from "../../../abi/libc.ts";
import type { DescriptorBudget } from "./descriptor-budget.ts";

export class Pidfds {
  readonly #budget: DescriptorBudget;
  readonly #sweep: () => number;
  /** So many more tasks get none before all are looked at again. */
  #without = 0;
  /** Number of descriptors that were closed. */
  #shut = 0;

  /** `sweep` closes those of ended tasks, for which it looks at each task, and returns how many tasks are left. */
  constructor(budget: DescriptorBudget, sweep: () => number) {
    this.#budget = budget;
    this.#sweep = sweep;
  }

  /** -1 if none may be kept, or the task is not there. */
  open(pid: number, flags: number): number {
    if (!this.#budget.take() && !this.#makesRoom()) return -1;
    const pidfd = pidfdOpen(pid, flags);
    if (pidfd < 0) this.#budget.giveBack();
    return Math.max(pidfd, -1);
  }

  shut(pidfd: number): void {
    if (pidfd < 0) return;
    close(pidfd);
    this.#shut += 1;
    this.#budget.giveBack();
  }

  /**
   * A workload of many living tasks would have all looked at for each new one: it is done once for as many as there are. Those that get
   * a descriptor which the look has freed count among these.
   */
  #makesRoom(): boolean {
    if (this.#without > 0) {
      this.#without -= 1;
      return false;
    }
    const before = this.#shut;
    const left = this.#sweep();
    this.#without = Math.max(0, left - (this.#shut - before));
    return this.#budget.take();
  }
}
