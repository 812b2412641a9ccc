/** What the parts of the benchmark share: one recorded evidence, one PostgreSQL, and the numbers that were asked for. */
import { record } from "./recorded.mjs";
import { Site } from "./site.mjs";
import { testModule } from "../harness/test-module.mjs";

export class Fleet {
  #recorded;

  /**
   * @param {import("../harness/session.mjs").Session} session @param {import("./recorded.mjs").Recorded} recorded
   * @param {import("../../test/verifier/postgres.ts").PostgresServer | undefined} postgres
   */
  constructor(session, recorded, postgres) {
    this.session = session;
    this.postgres = postgres;
    this.#recorded = recorded;
  }

  /** @param {import("../harness/session.mjs").Session} session */
  static async open(session) {
    const recorded = await record(session.folder("recorded"));
    const { needsPostgres, PostgresServer } = await testModule("verifier/postgres", session.folder("postgres"));
    if (needsPostgres) {
      session.skip("everything on PostgreSQL", "Debian's postgresql is not installed");
      return new Fleet(session, recorded, undefined);
    }
    const server = new PostgresServer();
    await server.start();
    return new Fleet(session, recorded, server);
  }

  /** A number of `--set NAME=NUMBER`, or the usual one. @param {string} name @param {number} full @param {number} quick */
  number(name, full, quick) {
    const told = this.session.set[name];
    return told === undefined ? (this.session.quick ? quick : full) : Number(told);
  }

  /** @param {string} name */
  site(name) {
    return new Site(this.session.folder(name), this.#recorded, this.session.set["profile"]);
  }

  /** A new database. @param {string} name */
  database(name) {
    this.postgres?.create(name);
    return this.address(name);
  }

  /** @param {string} name */
  address(name) {
    if (this.postgres === undefined) throw new Error("expected PostgreSQL, got none; install Debian's postgresql");
    return this.postgres.address(name);
  }

  async close() {
    await this.postgres?.close();
  }
}
