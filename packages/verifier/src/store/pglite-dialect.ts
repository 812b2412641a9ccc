/** PGlite for Kysely: one connection, which its users take in turns. */
import type { PGlite } from "@electric-sql/pglite";
import {
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  type QueryResult,
} from "kysely";

export class PgliteDialect implements Dialect {
  readonly #database: PGlite;

  constructor(database: PGlite) {
    this.#database = database;
  }

  createDriver(): Driver {
    return new PgliteDriver(this.#database);
  }

  createQueryCompiler(): PostgresQueryCompiler {
    return new PostgresQueryCompiler();
  }

  createAdapter(): PostgresAdapter {
    return new PostgresAdapter();
  }

  createIntrospector(db: Kysely<unknown>): PostgresIntrospector {
    return new PostgresIntrospector(db);
  }
}

/** A turn of the one connection: what a transaction does is not mixed with what another caller does. */
class Turn implements DatabaseConnection {
  readonly #database: PGlite;
  readonly end: () => void;

  constructor(database: PGlite, end: () => void) {
    this.#database = database;
    this.end = end;
  }

  async executeQuery<R>({ sql, parameters }: CompiledQuery): Promise<QueryResult<R>> {
    const { rows, affectedRows } = await this.#database.query<R>(sql, [...parameters]);
    return { rows, ...(affectedRows !== undefined && { numAffectedRows: BigInt(affectedRows) }) };
  }

  async *streamQuery<R>(query: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(query);
  }
}

class PgliteDriver implements Driver {
  readonly #database: PGlite;
  #last: Promise<void> = Promise.resolve();

  constructor(database: PGlite) {
    this.#database = database;
  }

  init(): Promise<void> {
    return this.#database.waitReady;
  }

  async acquireConnection(): Promise<DatabaseConnection> {
    const before = this.#last;
    let end = () => {};
    this.#last = new Promise<void>((resolve) => {
      end = resolve;
    });
    await before;
    return new Turn(this.#database, end);
  }

  async beginTransaction(): Promise<void> {
    await this.#database.exec("begin");
  }

  async commitTransaction(): Promise<void> {
    await this.#database.exec("commit");
  }

  async rollbackTransaction(): Promise<void> {
    await this.#database.exec("rollback");
  }

  releaseConnection(connection: DatabaseConnection): Promise<void> {
    (connection as Turn).end();
    return Promise.resolve();
  }

  destroy(): Promise<void> {
    return this.#database.close();
  }
}
