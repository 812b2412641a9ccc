/** A store that is open. */
import type { Kysely } from "kysely";
import type { Channel } from "./channels.ts";
import type { Tables } from "./tables.ts";

export type Database = Kysely<Tables>;

export interface Connection {
  readonly db: Database;
  /** The same tables, for what must not wait behind other work: the lease of a verifier, and what is read with it. */
  readonly urgent: Database;
  /** The same tables, for what may take longer than anyone waits: it brings them to another form. */
  readonly unhurried: Database;
  /** Whether no other process can have this store open. */
  readonly isAlone: boolean;
  /** Calls back for each message of any verifier, this one included; with an empty message when some may have been lost. */
  listen(heard: (channel: Channel, message: string) => void): Promise<void>;
  close(): Promise<void>;
}
