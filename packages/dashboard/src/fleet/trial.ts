/** A policy that is tried: what it would change, or why that could not be said. */
import type { DryRun } from "@isoline/verifier";
import { signal } from "@preact/signals";
import { sayFault } from "../wire/fault.ts";
import { pathOf, send } from "../wire/request.ts";

interface Tried {
  readonly running: boolean;
  readonly result?: DryRun;
  readonly fault?: string;
}

export class Trial {
  readonly tried = signal<Tried>({ running: false });
  #running: AbortController | undefined;

  /** Another file or another name is another question, and a view that is left asks none: what was said before is said no more. */
  forget(): void {
    this.#running?.abort();
    this.#running = undefined;
    this.tried.value = { running: false };
  }

  /** Takes the text of a file; gives nothing where it was forgotten meanwhile, or could not be read. */
  async take(file: Pick<File, "size" | "text">, most: number): Promise<string | undefined> {
    const mine = this.#begin();
    if (file.size > most) return this.#fail(mine, `Expected a file of at most ${most} bytes, got ${file.size}.`);
    try {
      const text = await file.text();
      if (mine.aborted) return undefined;
      this.forget();
      return text;
    } catch (fault) {
      return this.#fail(mine, `The file could not be read; choose it again. ${sayFault(fault)}`);
    }
  }

  /** @param tell is given the result, unless it was forgotten meanwhile */
  async run(name: string, file: string, tell: (result: DryRun) => void): Promise<void> {
    const mine = this.#begin();
    this.tried.value = { running: true };
    try {
      const result = await send<DryRun>(`${pathOf("policies", name)}/dry-run`, file, mine);
      if (mine.aborted) return;
      this.tried.value = { running: false, result };
      tell(result);
    } catch (fault) {
      this.#fail(mine, sayFault(fault));
    }
  }

  #begin(): AbortSignal {
    this.forget();
    this.#running = new AbortController();
    return this.#running.signal;
  }

  #fail({ aborted }: AbortSignal, fault: string): undefined {
    if (!aborted) this.tried.value = { running: false, fault };
  }
}
