/**
 * The identities that execs give their processes. Each new one is noted for the next supervisor, in a map of limited size. So only an exec
 * that goes ahead has one: a workload may have ever new ones refused.
 */
import type { Verdict } from "../mediation.ts";
import type { ModelMediator } from "../model-mediator.ts";
import type { SeenExec } from "./exec-act.ts";
import type { Identities, Noted } from "./identities.ts";
import type { Journal } from "./journal.ts";
import type { KernelNamespace } from "./kernel-namespace.ts";
import type { BpfProcess } from "./processes.ts";
import { fates, type Record } from "./record.ts";

/** The kernel, of which this is needed only. */
interface Kernel extends Pick<KernelNamespace, "assign"> {
  readonly journal: Pick<Journal, "append">;
}

export class Successions {
  readonly #mediator: Pick<ModelMediator, "taskOf">;
  readonly #identities: Identities;
  readonly #kernel: Kernel;

  constructor(mediator: Pick<ModelMediator, "taskOf">, identities: Identities, kernel: Kernel) {
    this.#mediator = mediator;
    this.#identities = identities;
    this.#kernel = kernel;
  }

  /** The number of the identity that an exec gives its process; undefined of one that is refused before it happens. */
  after(
    { fate, tid, pending }: Pick<Record, "fate" | "tid" | "pending">,
    process: BpfProcess,
    { images, call }: Pick<SeenExec, "images" | "call">,
    verdict: Verdict,
  ): number | undefined {
    const wentOn = fate === fates.wentOn;
    if (verdict !== 0 && !wentOn) return undefined;
    const { task, program } = this.#mediator.taskOf(process.identity, images, { tid, process }, call);
    const known = this.#identities.count;
    const next = this.#identities.of(task, program, process.identity);
    if (next.serial >= known) this.#kernel.journal.append(JSON.stringify({ identity: next, task } satisfies Noted));
    if (wentOn) {
      this.#identities.assign(pending, next);
      this.#kernel.assign(pending, next.serial);
    }
    return next.serial;
  }
}
