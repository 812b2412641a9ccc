/** The mitigations that this kernel has. */
import { createCookie, offerCoreScheduling } from "./core-scheduling.ts";
import { OwnCpus, offerOwnCpus } from "./own-cpus.ts";
import type { LaunchMitigation, LossMitigation, Mitigations, Offer, Outcome } from "./setting.ts";
import { offerSpeculation, restrictSpeculation, speculationNames } from "./speculation.ts";

export class KernelMitigations implements Mitigations {
  readonly #cpus = new OwnCpus();

  offers(): readonly Offer[] {
    return [...speculationNames.map(offerSpeculation), offerCoreScheduling(), offerOwnCpus()];
  }

  atLaunch(name: LaunchMitigation): Outcome {
    return name === "own-core" ? createCookie(0) : restrictSpeculation(name);
  }

  atLoss(name: LossMitigation, pid: number, trusted: () => readonly number[]): Outcome {
    return name === "own-core" ? createCookie(pid) : this.#cpus.separate(pid, trusted);
  }

  close(): void {
    this.#cpus.close();
  }
}
