/** What strangers sent for their namespaces, in files that only the agent can read, as long as the namespaces live. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

export class BegunFiles {
  readonly #directory: string;
  #next = 1;

  /** `directory` is made anew: what another agent left there is removed. */
  constructor(directory: string) {
    rmSync(directory, { recursive: true, force: true });
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    this.#directory = directory;
  }

  /** A place for the files of one namespace. */
  take(): BegunPlace {
    return new BegunPlace(join(this.#directory, String(this.#next++)));
  }
}

export class BegunPlace {
  readonly #directory: string;

  constructor(directory: string) {
    mkdirSync(directory, { mode: 0o700 });
    this.#directory = directory;
  }

  /** The path of a new file with this content; undefined for none. */
  put(name: string, content: Uint8Array | string | undefined): string | undefined {
    if (content === undefined) return undefined;
    const path = join(this.#directory, name);
    writeFileSync(path, content, { mode: 0o600, flag: "wx" });
    return path;
  }

  remove(): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
