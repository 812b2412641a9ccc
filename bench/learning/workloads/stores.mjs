/** Stores whose files stay: Redis, SQLite, git, a certificate authority. */
import { command, files, numbers, story } from "./script.mjs";

/** @typedef {import("./script.mjs").Varying} Varying */

/** @type {Varying} */
export const redis = {
  name: "redis",
  says: "a redis-server on a socket: three to eight drawn commands, among them saves, rewrites and scripts; its data stays",
  programs: ["redis-server", "redis-cli"],
  keeps: true,
  command,
  prepare(cwd) {
    files(cwd, { "redis.conf": "port 0\nunixsocket redis.sock\nlogfile redis.log\nappendonly yes\nsave 900 1\n" });
    story(
      cwd,
      `
cli() { redis-cli -s redis.sock "$@" > /dev/null; }
redis-server redis.conf & server=$!
until redis-cli -s redis.sock ping 2>/dev/null | grep -q PONG; do sleep 0.05; done
for ((n = 3 + RANDOM % 6; n > 0; n--)); do
  pick set get push save bgsave rewrite eval flush info big
  case $PICKED in
    set) cli set key$((RANDOM % 50)) $RANDOM ;; get) cli get key$((RANDOM % 50)) ;;
    push) cli lpush list a b c ;; save) cli save ;; bgsave) cli bgsave ;; rewrite) cli bgrewriteaof ;;
    eval) cli eval "return redis.call('dbsize')" 0 ;; flush) chance 3 && cli flushall ;; info) cli info ;;
    big) cli debug populate 2000 ;;
  esac
done
pick save nosave
cli shutdown $PICKED
wait $server`,
    );
  },
};

/** @type {Varying} */
export const sqlite = {
  name: "sqlite",
  says: "sqlite3 with four of twelve drawn statements: imports, sorts, exports, a vacuum, a backup by number; the database stays",
  programs: ["sqlite3"],
  keeps: true,
  command,
  prepare(cwd) {
    files(cwd, {
      ...Object.fromEntries(numbers(6).map((n) => [`import/part${n}.csv`, `${n},part ${n}\n`.repeat(50)])),
    });
    story(
      cwd,
      `
q() { sqlite3 shop.db "$@" > /dev/null; }
mkdir -p export
q 'create table if not exists t(id integer, name text)'
for n in 1 2 3 4; do
  pick insert insert update delete sort wal rollback import export backup vacuum attach
  case $PICKED in
    insert) q "insert into t values ($RANDOM, 'name $RANDOM')" ;; update) q "update t set name = 'x' where id % 7 = 0" ;;
    delete) q "delete from t where id % 3 = 0" ;;
    sort) q "select name from t, generate_series(1, 2000) order by random()" ;;
    wal) pick wal delete truncate; q "pragma journal_mode=$PICKED" ;; rollback) q "begin; delete from t; rollback" ;;
    import) q -csv ".import import/part$((1 + RANDOM % 6)).csv t" ;; export) q ".output export/t$((RANDOM % 4)).sql" .dump ;;
    backup) q ".backup export/backup$RUN.db" ;; vacuum) q vacuum ;;
    attach) q "attach 'other.db' as o" "create table if not exists o.u(x); insert into o.u values (1)" ;;
  esac
done`,
    );
  },
};

/** @type {Varying} */
export const git = {
  name: "git",
  says: "four drawn acts on a repository that stays: commits, branches, merges, rebases, stashes, tags, a fetch, a collection",
  programs: ["git"],
  keeps: true,
  presets: ["git"],
  command,
  prepare(cwd) {
    files(cwd, Object.fromEntries(numbers(8).map((n) => [`start/src/part${n}.txt`, `part ${n}\n`.repeat(20)])));
    story(
      cwd,
      `
set +e
exec 2>/dev/null > /dev/null
if [ ! -d work ]; then
  git init -q -b main work; cp -r start/src work/; cd work
  git config user.email ann@example.org; git config user.name Ann; git config gc.auto 0
  git add -A; git commit -q -m first; git clone -q --bare . ../origin.git; git remote add origin ../origin.git; cd ..
fi
cd work
edit() { echo "line $RANDOM" >> src/part$((1 + RANDOM % 8)).txt; }
for n in 1 2 3 4; do
  pick commit commit commit branch merge rebase stash tag push gc log blame new
  case $PICKED in
    commit) edit; git commit -q -a -m "change $RANDOM" ;; branch) git checkout -q -b side$((RANDOM % 6)) || git checkout -q side1 ;;
    merge) git checkout -q main; git merge -q --no-edit -X ours side$((RANDOM % 6)) ;;
    rebase) git rebase -q -X theirs main || git rebase --abort ;; stash) edit; git stash -q; git stash pop -q ;;
    tag) git tag -f v$((RANDOM % 9)) ;; push) git push -q -f origin HEAD; git fetch -q ;; gc) chance 2 && git gc -q ;;
    log) git log --stat -n 5 ;; blame) git blame src/part1.txt ;; new) echo $RANDOM > src/new$((RANDOM % 20)).txt; git add -A; git commit -q -m new ;;
  esac
done
true`,
    );
  },
};

/** @type {Varying} */
export const authority = {
  name: "certificates",
  says: "a certificate authority with openssl: two or three keys and certificates by drawn name, revocations, a list; its files stay",
  programs: ["openssl"],
  keeps: true,
  command,
  prepare(cwd) {
    files(cwd, {
      "ca.cnf": `[ca]
default_ca = here
[here]
dir = .
database = index.txt
new_certs_dir = issued
serial = serial
crlnumber = crlnumber
certificate = ca.pem
private_key = ca.key
default_md = sha256
default_days = 90
default_crl_days = 7
policy = any
unique_subject = no
[any]
commonName = supplied
`,
    });
    story(
      cwd,
      `
exec 2>/dev/null
set -e
if [ ! -f ca.pem ]; then
  mkdir -p issued hosts; : > index.txt; echo 1000 > serial; echo 01 > crlnumber
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=Root -keyout ca.key -out ca.pem -days 900
fi
for ((n = 1 + RANDOM % 2; n >= 0; n--)); do
  pick www mail db cache build ldap; host=$PICKED$((RANDOM % 4))
  openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$host -keyout hosts/$host.key -out hosts/$host.csr
  openssl ca -batch -config ca.cnf -in hosts/$host.csr -out hosts/$host.pem -notext
  if chance 4; then openssl ca -config ca.cnf -revoke hosts/$host.pem; fi
done
if chance 2; then openssl ca -config ca.cnf -gencrl -out crl.pem; fi
if chance 3; then openssl verify -CAfile ca.pem hosts/$host.pem; fi > /dev/null`,
    );
  },
};
