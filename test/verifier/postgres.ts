/** A PostgreSQL server for tests: Debian's, with a directory and a socket of its own. It refuses to run as root. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { isInstalled } from "../support/machine.ts";

const ROOT = "/usr/lib/postgresql";
const versions = existsSync(ROOT) ? readdirSync(ROOT).filter((name) => existsSync(join(ROOT, name, "bin/initdb"))) : [];
const programs = join(ROOT, versions.sort((one, other) => Number(other) - Number(one))[0] ?? "none", "bin");
const isRootUser = process.geteuid?.() === 0;
const user = isRootUser ? "postgres" : undefined;

export const needsPostgres =
  versions.length === 0 ||
  (isRootUser && (!isInstalled("setpriv") || spawnSync("id", ["-u", "postgres"]).status !== 0));

/** Made the server; and, as an operator is told to make it, a role that owns the verifiers' databases and may do nothing else. */
const SUPERUSER = "isoline";
const OWNER = "fleet";
/** Owns nothing: verifiers use what the owner prepared. */
const VERIFIER = "verifier";

export class PostgresServer {
  readonly place = mkdtempSync(join(tmpdir(), "isoline-pg-"));
  #process: ChildProcess | undefined;
  readonly #prepared = new Set<string>();

  get #data(): string {
    return join(this.place, "data");
  }

  /** A database of that name, by the server's socket: as the role of verifiers where it was prepared for one, else as its owner. */
  address(database: string): string {
    return this.#addressAs(this.#prepared.has(database) ? VERIFIER : OWNER, database);
  }

  ownerAddress(database: string): string {
    return this.#addressAs(OWNER, database);
  }

  superuserAddress(database: string): string {
    return this.#addressAs(SUPERUSER, database);
  }

  #addressAs(role: string, database: string): string {
    return `postgres://${role}@localhost/${database}?host=${encodeURIComponent(this.place)}`;
  }

  /** The first time, its files are made. */
  async start(): Promise<void> {
    const isNew = !existsSync(this.#data);
    if (isNew) this.#make();
    const words = ["-D", this.#data, "-k", this.place, "-c", "listen_addresses=", "-c", "max_connections=60"];
    const [program, args] = this.#as(join(programs, "postgres"), words);
    this.#process = spawn(program, args, { stdio: "ignore" });
    for (
      let tries = 0;
      this.#run("pg_isready", ["-h", this.place, "-U", SUPERUSER, "-d", "postgres"]).status !== 0;
      tries++
    ) {
      if (tries === 300) throw new Error("the PostgreSQL server does not start");
      await setTimeout(50);
    }
    if (isNew) for (const role of [OWNER, VERIFIER]) this.#told("createuser", ["-U", SUPERUSER, role]);
  }

  #make(): void {
    chmodSync(this.place, 0o755);
    if (user !== undefined) spawnSync("chown", [user, this.place]);
    const words = ["-D", this.#data, "-A", "trust", "-U", SUPERUSER, "-N", "--no-locale", "-E", "UTF8"];
    const { status, stderr } = this.#run("initdb", words);
    if (status !== 0) throw new Error(`initdb: ${String(stderr)}`);
  }

  create(database: string): void {
    this.#told("createdb", ["-U", SUPERUSER, "-O", OWNER, database]);
  }

  /** From now on `address` gives this database as the role of verifiers, which it gives the name of. */
  usedByVerifiers(database: string): string {
    this.#prepared.add(database);
    return VERIFIER;
  }

  /** What psql prints when it is told a statement. */
  say(address: string, statement: string): string {
    const { stdout, stderr } = this.#run("psql", ["-v", "VERBOSITY=verbose", "-d", address, "-c", statement]);
    return `${String(stdout)}${String(stderr)}`;
  }

  /** A dump of a database, as an operator makes one; and back. */
  dump(database: string, path: string): void {
    this.#told("pg_dump", ["-U", OWNER, "-Fc", "-f", path, database]);
  }

  restore(database: string, path: string): void {
    this.#told("pg_restore", ["-U", OWNER, "-d", database, path]);
  }

  /** `SIGINT` ends it with all connections; `SIGQUIT` at once, as after a crash. */
  async stop(signal: "SIGINT" | "SIGQUIT" = "SIGINT"): Promise<void> {
    const running = this.#process;
    this.#process = undefined;
    if (running === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running.once("exit", resolve));
    running.kill(signal);
    await ended;
  }

  async close(): Promise<void> {
    await this.stop("SIGQUIT");
    rmSync(this.place, { recursive: true, force: true });
  }

  /** A program that speaks to the server. */
  #told(program: string, args: readonly string[]): void {
    const { status, stderr } = this.#run(program, ["-h", this.place, ...args]);
    if (status !== 0) throw new Error(`${program}: ${String(stderr)}`);
  }

  #run(program: string, args: readonly string[]) {
    const [whole, words] = this.#as(join(programs, program), args);
    return spawnSync(whole, words, { cwd: this.place });
  }

  #as(program: string, args: readonly string[]): [string, string[]] {
    if (user === undefined) return [program, [...args]];
    return ["setpriv", ["--reuid", user, "--regid", user, "--clear-groups", program, ...args]];
  }
}
