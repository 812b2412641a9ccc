/** The log that a verifier appends to. */
import { createPrivateKey } from "node:crypto";
import { LogError } from "@isoline/log/error";
import { type SignerKey, signerKeyOf } from "@isoline/log/note";
import type { LogPolicy } from "@isoline/log/proof";
import { readStatement } from "@isoline/log/statement";
import { fetchEntries, TILE_WIDTH } from "@isoline/log/tiles";
import { cosign } from "@isoline/log/witness";
import {
  Bucket,
  type BucketAddress,
  COMMITTED,
  DirectoryStore,
  type LeftBehind,
  Log,
  type LogFiles,
  ObjectStore,
  readDirectory,
  signedIn,
} from "@isoline/log/writer";
import { lock } from "@isoline/linux";
import { VerifierError } from "../error.ts";
import type { LogRow, StatementRow, StatementsKept } from "../store/index.ts";

export interface LogPlace {
  /** A directory, or a bucket. */
  readonly at: string | BucketAddress;
  /** The private key of the log, Ed25519 in PEM. */
  readonly key: Uint8Array;
  /** Which witnesses have to sign before the log shows what it has; undefined: none. */
  readonly policy: LogPolicy | undefined;
}

/** What a database knows of its log. */
type Known = Pick<LogRow, "source" | "appended" | "size" | "last">;

/** The statements with a number from one to another that the database keeps, since the log is not known to have them. */
type Kept = (first: number, last: number) => Promise<StatementsKept>;

export class OpenLog {
  readonly #files: LogFiles;
  readonly #log: Log;
  readonly #policy: LogPolicy | undefined;
  /** How many entries the log is known to show. */
  #shown = -1;

  private constructor(files: LogFiles, log: Log, policy: LogPolicy | undefined) {
    this.#files = files;
    this.#log = log;
    this.#policy = policy;
  }

  /**
   * Refuses a place without a log, with another key's, or that another process appends to. `leftBehind` is told what cannot be removed
   * there.
   */
  static async open({ at, key, policy }: LogPlace, leftBehind: LeftBehind): Promise<OpenLog> {
    // A directory is not made by looking for a log in it.
    if (typeof at === "string" && readDirectory(at)(COMMITTED) === undefined) throw noLog(at);
    const files =
      typeof at === "string" ? new DirectoryStore(at, (fd) => lock(fd, 0)) : new ObjectStore(new Bucket(at));
    try {
      const signer = signerOf(at, await files.last(), key);
      const log = await Log.open(files, signer, { waitsForWitnesses: policy !== undefined, leftBehind });
      return new OpenLog(files, log, policy);
    } catch (fault) {
      await files.close();
      throw fault;
    }
  }

  get origin(): string {
    return this.#log.head.origin;
  }

  get size(): number {
    return this.#log.head.size;
  }

  async append(entries: readonly Uint8Array[]): Promise<void> {
    await this.#log.append(entries);
  }

  /** Has the witnesses sign what the log has, and shows it. Refuses with `witness-refused` where too few do. */
  async show(): Promise<void> {
    const { size } = this;
    if (this.#policy === undefined || size === this.#shown) return;
    const { checkpoint, refusals } = await cosign(this.#log, this.#files.read, this.#policy);
    if (checkpoint === undefined)
      throw new LogError(
        "witness-refused",
        `the log has ${size} entries and does not show the last of them: ${refusals.join("; ")}; see to the witnesses`,
      );
    this.#shown = size;
  }

  /**
   * The number of the last statement of a source, where the log had those up to `appended` among its first `size` entries, and `given` is
   * the last number that there is. Refuses a log that has fewer entries or other statements than those that follow: it was set back, or
   * another process wrote into it. Refuses one that has more statements than were given, or other ones than the database keeps: the
   * database was set back.
   */
  async lastOf({ source, appended, size, last: given }: Known, kept: Kept): Promise<number> {
    if (this.size < size)
      throw new LogError(
        "broken-log",
        `expected a log of ${size} entries, got ${this.size}: it was set back; restore a newer copy, never append to this one`,
      );
    let last = appended;
    for (let place = Math.floor(size / TILE_WIDTH); place * TILE_WIDTH < this.size; place++) {
      const bundle = await fetchEntries(this.#files.read, this.size, place);
      const more: StatementRow[] = [];
      for (const entry of bundle.slice(Math.max(0, size - place * TILE_WIDTH))) {
        const statement = readStatement(entry);
        if (statement?.source !== source) continue;
        if (statement.number !== last + 1)
          throw new LogError(
            "broken-log",
            `expected statement ${last + 1} in the log, got ${statement.number}; see which process writes into it`,
          );
        last = statement.number;
        if (last <= given) more.push({ number: last, entry });
      }
      await assertKept(more, kept);
    }
    if (last > given)
      throw new LogError(
        "broken-log",
        `expected statements up to ${given} in the log, got ${last}: the database was set back; begin another log, as docs/verifier.md says`,
      );
    return last;
  }

  close(): Promise<void> {
    return this.#log.close();
  }
}

/**
 * A statement is kept until the log is known to have it, so what a process that was killed appended is kept as it is in the log. After the
 * database was set back, other statements may have the numbers by now, and would count as logged.
 */
async function assertKept(more: readonly StatementRow[], kept: Kept): Promise<void> {
  const [first, last] = [more[0], more.at(-1)];
  if (first === undefined || last === undefined) return;
  const { appended, rows } = await kept(first.number, last.number);
  const entries = new Map(rows.map(({ number, entry }) => [number, entry]));
  const other = more.find(({ number, entry }) => number > appended && !isSame(entry, entries.get(number)));
  if (other !== undefined)
    throw new LogError(
      "broken-log",
      `expected statement ${other.number} in the log as the database has it, got ${entries.has(other.number) ? "another" : "one that it has not"}: ` +
        "the database was set back; begin another log, as docs/verifier.md says",
    );
}

const isSame = (one: Uint8Array, other: Uint8Array | undefined) =>
  other !== undefined && Buffer.compare(one, other) === 0;

function signerOf(at: LogPlace["at"], last: Uint8Array | undefined, key: Uint8Array): SignerKey {
  if (last === undefined) throw noLog(at);
  return signerKeyOf(signedIn(last).origin, "log", privateKey(key));
}

function noLog(at: LogPlace["at"]): VerifierError {
  const place = typeof at === "string" ? at : `s3://${at.bucket}/${at.prefix}`;
  return new VerifierError(
    "bad-configuration",
    `log: expected a log in ${place}, got none; begin one with isoline log create`,
  );
}

function privateKey(pem: Uint8Array) {
  try {
    return createPrivateKey(Buffer.from(pem));
  } catch {
    throw new VerifierError(
      "bad-configuration",
      "log.key: expected a private key in PEM, got something else; restore it",
    );
  }
}
