/** Stores: git, Redis, SQLite, PostgreSQL. */
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** @typedef {import("../place.mjs").Workload} Workload */

/** @param {string} cwd @param {string} name @param {readonly string[]} lines */
const script = (cwd, name, lines) => writeFileSync(join(cwd, name), `${lines.join("\n")}\n`);

/**
 * Git reads files again that are as young as its index, to the second, because it cannot tell whether they changed since. With a
 * pause before each `git add` no file is.
 *
 * @param {string} cwd @param {string} pause a command
 */
function writeHistory(cwd, pause) {
  script(cwd, "story.sh", [
    "set -e",
    "git init -q -b main work && cd work",
    "git config user.email ann@example.org && git config user.name Ann",
    // Objects of another moment have other names, and may share directories that these do not.
    "export GIT_AUTHOR_DATE='2026-01-01T00:00:00Z' GIT_COMMITTER_DATE='2026-01-01T00:00:00Z'",
    `for n in 1 2 3; do echo "line $n" >> file; mkdir -p dir$n; echo "$n" > dir$n/part; ${pause}; git add -A; git commit -q -m "commit $n"; done`,
    `git checkout -q -b side && echo side > side && ${pause} && git add side && git commit -q -m side`,
    "git checkout -q main && git merge -q --no-ff -m merge side",
    "cd .. && git clone -q work copy && cd copy",
    "git gc -q && git fsck --no-progress && git log --oneline | wc -l",
  ]);
}

/** @type {Workload} */
export const git = {
  name: "git",
  says: "`git init`, three commits, a second later a branch that is merged, a clone, `gc`, `fsck`",
  programs: ["git"],
  prepare: (cwd) => writeHistory(cwd, "sleep 1.1"),
  command: ["sh", "story.sh"],
};

/** @type {Workload} */
export const gitAtOnce = {
  ...git,
  name: "git at once",
  says: "the git workload without its pause: git looks again into files that are as young as its index, to the second",
  prepare: (cwd) => writeHistory(cwd, ":"),
};

/** @type {Workload} */
export const redis = {
  name: "redis",
  says: "redis-server under a scripted redis-cli: set, get, save, bgsave, shutdown",
  programs: ["redis-server", "redis-cli"],
  prepare(cwd) {
    script(cwd, "redis.conf", [
      "port 16379",
      "bind 127.0.0.1",
      "daemonize no",
      "logfile log",
      "appendonly no",
      'save ""',
    ]);
    script(cwd, "story.sh", [
      // If the first attempt comes too early, it is repeated after a sleep; every run sleeps once.
      "redis-server redis.conf & server=$!; sleep 0.1",
      'cli() { redis-cli -p 16379 "$@"; }',
      "until cli ping 2>/dev/null | grep -q PONG; do sleep 0.1; done",
      "cli set a 1; cli get a; cli incr a; cli lpush list x y z; cli lrange list 0 -1",
      "cli save; cli bgsave",
      "until cli info persistence | grep -q rdb_bgsave_in_progress:0; do sleep 0.1; done",
      "cli shutdown nosave; wait $server",
    ]);
  },
  command: ["sh", "story.sh"],
};

/** @type {Workload} */
export const sqlite = {
  name: "sqlite3",
  says: "sqlite3: a database file with journal, then WAL; an index, a transaction rolled back, vacuum, dump",
  programs: ["sqlite3"],
  prepare(cwd) {
    script(cwd, "story.sh", [
      "set -e",
      "sqlite3 app.db 'create table t(id integer primary key, name text); create index by_name on t(name);'",
      "for n in 1 2 3 4 5; do sqlite3 app.db \"insert into t(name) values ('name $n');\"; done",
      "sqlite3 app.db 'begin; delete from t; rollback; select count(*) from t;'",
      "sqlite3 app.db 'pragma journal_mode=wal; insert into t(name) select name from t; pragma wal_checkpoint(truncate);' >/dev/null",
      "sqlite3 app.db 'vacuum; create temp table big as with recursive c(x) as (select 1 union all select x+1 from c where x < 20000) select x, hex(randomblob(20)) h from c; select count(distinct h) from big;'",
      "sqlite3 app.db .dump | sqlite3 copy.db",
      "sqlite3 copy.db 'attach \"app.db\" as a; select count(*) from a.t join main.t using (id);'",
    ]);
  },
  command: ["sh", "story.sh"],
};

const POSTGRES = newestPostgres();

/** @type {Workload} */
export const postgres = {
  name: "postgresql",
  says: "initdb, a server on a Unix socket, psql: a table, rows, an index, a sort; stop",
  programs: [POSTGRES],
  uid: 65534,
  prepare(cwd) {
    script(cwd, "story.sh", [
      "set -e",
      `bin=${POSTGRES.replace(/\/[^/]*$/, "")}`,
      "$bin/initdb -D data -U ann --no-sync -A trust >/dev/null",
      "mkdir -m 0700 socket",
      '$bin/pg_ctl -D data -w -l log -o "-k $PWD/socket -c listen_addresses=" start >/dev/null',
      'query() { $bin/psql -qAt -h $PWD/socket -U ann -d postgres -c "$1"; }',
      "query 'create table t(id serial primary key, name text)'",
      "query \"insert into t(name) select 'name ' || n from generate_series(1, 1000) n\"",
      "query 'create index on t(name)'",
      "query 'select count(*) from (select name from t order by name desc) s'",
      "$bin/pg_ctl -D data -w -m fast stop >/dev/null",
    ]);
  },
  command: ["sh", "story.sh"],
};

/** Debian keeps its servers by version, outside PATH. */
function newestPostgres() {
  const top = "/usr/lib/postgresql";
  try {
    return `${top}/${readdirSync(top).sort((a, b) => Number(b) - Number(a))[0]}/bin/initdb`;
  } catch {
    return `${top}/bin/initdb`;
  }
}
