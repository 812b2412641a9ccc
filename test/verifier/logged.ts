/** A log for a verifier in tests: begun, read whole, and examined as a monitor does. */
import { join } from "node:path";
import { mkdirSync, writeFileSync } from "node:fs";
import { FleetMonitor } from "../../packages/log/src/monitor/index.ts";
import { parseCheckpoint, parseNote, signerKey, type VerifierKey } from "../../packages/log/src/note/index.ts";
import { readStatement, type Statement } from "../../packages/log/src/statement/index.ts";
import { entriesAt, TILE_WIDTH } from "../../packages/log/src/tiles/index.ts";
import { CHECKPOINT, COMMITTED, DirectoryStore, Log, readDirectory } from "../../packages/log/src/writer/index.ts";

export class FleetLog {
  readonly directory: string;
  readonly keyFile: string;
  /** Until then there is no log in the directory. */
  readonly begun: Promise<void>;
  readonly #key = signerKey("example.com/fleet", "log");

  constructor(place: string, name = "log") {
    this.directory = join(place, name);
    this.keyFile = join(place, `${name}.pem`);
    mkdirSync(this.directory);
    writeFileSync(this.keyFile, this.#key.secret.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    this.begun = Log.create(new DirectoryStore(this.directory, () => true), this.#key).then((log) => log.close());
  }

  get configuration(): { directory: string; key: string } {
    return { directory: this.directory, key: this.keyFile };
  }

  get verifierKey(): VerifierKey {
    return this.#key;
  }

  /** What it shows. */
  shown(): string {
    return Buffer.from(readDirectory(this.directory)(CHECKPOINT) ?? []).toString("utf8");
  }

  /** What it has. */
  committed(): string {
    return Buffer.from(readDirectory(this.directory)(COMMITTED) ?? []).toString("utf8");
  }

  /** Its entries, as its checkpoint says how many there are. */
  entries(): Uint8Array[] {
    const read = readDirectory(this.directory);
    const { size } = parseCheckpoint(parseNote(this.shown()));
    const places = Array.from({ length: Math.ceil(size / TILE_WIDTH) }, (_, place) => place);
    return places.flatMap((place) => entriesAt(read, size, place));
  }

  statements(): Statement[] {
    return this.entries().flatMap((entry) => readStatement(entry) ?? []);
  }

  /** The kinds of what a monitor finds, without a reviewer. */
  findings(): string[] {
    const monitor = new FleetMonitor(
      { hasReviewers: false, isReviewed: () => false, added: () => undefined },
      Date.now(),
    );
    const found = this.entries().flatMap((entry, place) => monitor.see(place, entry));
    return [...found, ...monitor.overdue()].map(({ kind }) => kind);
  }
}
