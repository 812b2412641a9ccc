/** Long work that people ask for: one piece at a time of each tenant, so that none has the processor for itself alone. */
import { VerifierError } from "../error.ts";

export class OneAtATime {
  readonly #what: string;
  readonly #tenants = new Set<string>();

  /** `what` is done, in words. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Refuses with `too-many` where work of this tenant runs already; undefined stands for people of all tenants. */
  async run<T>(tenant: string | undefined, work: () => Promise<T>): Promise<T> {
    const whose = tenant ?? "*";
    if (this.#tenants.has(whose))
      throw new VerifierError("too-many", `expected ${this.#what} at a time, got another; ask again when it has ended`);
    this.#tenants.add(whose);
    try {
      return await work();
    } finally {
      this.#tenants.delete(whose);
    }
  }
}
