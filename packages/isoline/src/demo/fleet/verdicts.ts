/** Waiting for verdicts, as any program may: by the changes that the verifier tells. */
import { CliError } from "../../error.ts";
import { changesOf } from "../../fleet/changes.ts";
import type { Change, State } from "../../fleet/model.ts";
import { canisterNamed, nodeNamed } from "../../fleet/people.ts";
import { FleetRefusal, FleetServer } from "../../fleet/server.ts";

/** No verdict is waited for longer. */
export const STARVED_SECONDS = 180;

export class Verdicts {
  readonly #server: FleetServer;

  constructor(url: string, token: string) {
    this.#server = new FleetServer({ url, token });
  }

  /**
   * Does something, and waits until a node or a canister (`NODE/LABEL`) has this verdict. Returns the seconds from the act to the verdict.
   */
  async after(act: () => Promise<void>, wanted: Readonly<Record<string, State>>): Promise<number> {
    const ending = new AbortController();
    const deadline = setTimeout(() => ending.abort(), STARVED_SECONDS * 1000);
    try {
      const changes = changesOf(this.#server, { signal: ending.signal });
      // Asked for before the act, so that no change is missed.
      const first = changes.next();
      const begun = performance.now();
      const acted = act();
      const seconds = await Promise.race([this.#awaited(changes, first, wanted, begun), never(acted)]);
      await acted;
      return seconds;
    } finally {
      clearTimeout(deadline);
      ending.abort();
    }
  }

  close(): void {
    this.#server.close();
  }

  async #awaited(
    changes: AsyncGenerator<Change>,
    first: Promise<IteratorResult<Change>>,
    wanted: Readonly<Record<string, State>>,
    begun: number,
  ): Promise<number> {
    for (let next = first; ; next = changes.next()) {
      if (await this.#are(wanted)) return (performance.now() - begun) / 1000;
      if ((await next).done === true) throw await this.#missing(wanted);
    }
  }

  async #are(wanted: Readonly<Record<string, State>>): Promise<boolean> {
    for (const [subject, state] of Object.entries(wanted)) if ((await this.#stateOf(subject)) !== state) return false;
    return true;
  }

  async #stateOf(subject: string): Promise<State | "nothing"> {
    const [node = "", label] = subject.split("/");
    try {
      const asked = label === undefined ? nodeNamed(this.#server, node) : canisterNamed(this.#server, node, label);
      return (await asked).state;
    } catch (fault) {
      if (fault instanceof FleetRefusal && fault.status === 404) return "nothing";
      throw fault;
    }
  }

  async #missing(wanted: Readonly<Record<string, State>>): Promise<CliError> {
    const found = await Promise.all(
      Object.keys(wanted).map(async (subject) => `${subject} ${await this.#stateOf(subject)}`),
    );
    const expected = Object.entries(wanted).map((pair) => pair.join(" "));
    return new CliError("no-demo", `expected the verdicts ${expected.join(", ")}, got ${found.join(", ")}`);
  }
}

/** Rejects as the act does, and never ends where it succeeds. */
const never = (act: Promise<void>): Promise<never> => new Promise((_, reject) => void act.catch(reject));
