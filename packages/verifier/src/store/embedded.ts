/**
 * A verifier's tables in one directory, by an embedded PostgreSQL (PGlite).
 *
 * What was committed is in the files before `query` returns, so it survives the end of this process at any point. PGlite asks for no
 * fsync: a power failure or a crash of the kernel may lose or damage the last seconds. Two openers of one directory would each see only
 * what they wrote themselves, so the directory is locked first.
 */
import { closeSync, ftruncateSync, mkdirSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join, resolve } from "node:path";
import { PGlite } from "@electric-sql/pglite";
import { lock, unlock } from "@isoline/linux";
import { Kysely } from "kysely";
import { VerifierError } from "../error.ts";
import { channels } from "./channels.ts";
import type { Connection } from "./connection.ts";
import { PgliteDialect } from "./pglite-dialect.ts";
import type { Tables } from "./tables.ts";

const INT8 = 20;
const OTHERS = 0o077;

/** Refuses with `store-in-use` a directory that another process has opened, and with `unsafe-secret` one that others can read. */
export async function openEmbedded(directory: string): Promise<Connection> {
  const place = resolve(directory);
  mkdirSync(place, { recursive: true, mode: 0o700 });
  const { uid, mode } = statSync(place);
  if (uid !== (process.geteuid?.() ?? uid) || (mode & OTHERS) !== 0)
    throw new VerifierError(
      "unsafe-secret",
      `${place}: expected a directory of this user with mode 700, got user ${uid} and mode ${(mode & 0o777).toString(8)}; correct owner and mode`,
    );
  const held = taken(place);
  const letGo = () => {
    unlock(held);
    closeSync(held);
  };
  const database = await PGlite.create(join(place, "data"), { parsers: { [INT8]: Number } }).catch((fault: unknown) => {
    letGo();
    throw fault;
  });
  const db = new Kysely<Tables>({ dialect: new PgliteDialect(database) });
  return {
    db,
    // There is one connection, and no other verifier that could take a node.
    urgent: db,
    unhurried: db,
    isAlone: true,
    listen: async (heard) => {
      for (const channel of channels) await database.listen(channel, (message) => heard(channel, message));
    },
    close: async () => {
      await database.close().finally(letGo);
    },
  };
}

/** The lock file of a directory, with our process's number in it. The kernel lets go of it when the process ends, however it ends. */
function taken(place: string): number {
  const path = join(place, "lock");
  const fd = openSync(path, "a+", 0o600);
  if (lock(fd, 0)) {
    ftruncateSync(fd);
    writeSync(fd, `${process.pid}\n`);
    return fd;
  }
  closeSync(fd);
  const holder = readFileSync(path, "latin1").trim().slice(0, 20);
  throw new VerifierError(
    "store-in-use",
    `${place}: process ${holder || "unknown"} has opened this store; end it, or use PostgreSQL for several verifiers`,
  );
}
