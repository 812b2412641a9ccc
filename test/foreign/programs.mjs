/**
 * Ordinary programs in several languages, each with work whose result is always the same: their output and their end must not
 * change.
 */
import { existsSync } from "node:fs";
import { present } from "../../tools/run.mjs";
import { runWorkload } from "./workload.mjs";

/**
 * @typedef {object} Program
 * @property {string} name
 * @property {readonly string[]} needs
 * @property {number} seconds
 * @property {string} script
 * @property {Record<string, string>} [env]
 * @property {true} [callerOnly]
 */

/** The toolchain in the caller's home, because the program gets another home. @returns {Record<string, string>} */
function rust() {
  const { HOME = "/root", PATH = "", CARGO_HOME = `${HOME}/.cargo`, RUSTUP_HOME = `${HOME}/.rustup` } = process.env;
  return { PATH, ...(existsSync(RUSTUP_HOME) ? { CARGO_HOME, RUSTUP_HOME } : {}) };
}

/** Shell scripts, run with dash in an empty directory. @type {readonly Program[]} */
export const programs = [
  {
    name: "dash: traps, pipes, redirections, statuses",
    needs: ["dash"],
    seconds: 30,
    script: `
      trap 'echo usr1' USR1; trap 'echo leaving' EXIT
      (exit 3) & wait $!; echo $?
      kill -USR1 $$
      for i in 1 2 3 4 5 6 7 8; do echo $i > f$i & done; wait; cat f?
      seq 1000 | sed -n 's/^9*$/nine/p' | sort | uniq -c
      exec 7<>both; echo through >&7; cat both; exec 7>&-
      mkfifo p; cat p & echo over a pipe > p; wait
      ulimit -n 50; ulimit -n; umask 027; touch u; stat -c %a u
      ( exit 7 ); echo $?; ulimit -c 0; sh -c 'kill -SEGV $$'; echo $?; nothing-here; echo $?; . /nowhere; echo not reached`,
  },
  {
    name: "bash: process substitution, a coprocess, sockets, job control in a script",
    needs: ["bash"],
    seconds: 30,
    script: `exec bash -c '
      diff <(seq 3) <(seq 2 4); coproc cat; echo to >&\${COPROC[1]}; read -r x <&\${COPROC[0]}; echo $x; kill $!; wait
      (exec 3<>/dev/tcp/127.0.0.1/1) || echo refused
      set -m; sleep 50 & kill -STOP $!; sleep 0.5; jobs | grep -o Stopped; kill -KILL $!; sleep 0.5; wait $!; echo $?
      timeout 0.3 sleep 50; echo $?; ulimit -c 0; timeout -s SEGV 0.3 sleep 50; echo $?
      printf "%s\\n" {a..e} | xargs -P 3 -I{} sh -c "echo {}" | sort | tr "\\n" " "'`,
  },
  {
    name: "busybox: its own tools",
    needs: ["busybox"],
    seconds: 30,
    script: `
      B=busybox; $B mkdir -p a/b; $B seq 5 > a/b/n; $B tar cf t.tar a; $B gzip -k t.tar; $B tar tzf t.tar.gz; $B find a | $B sort
      $B ln -s b a/l; $B readlink -f a/l | $B sed 's|.*/a/|a/|'; $B cp -a a c; $B diff -r a c && echo same; $B chmod 600 a/b/n; $B stat -c %a a/b/n
      $B sh -c 'echo $((6*7)); kill -9 $$'; echo $?; $B md5sum a/b/n; $B awk '{s+=$1} END{print s}' a/b/n; $B rm -r a; rm -f err; $B ls`,
  },
  {
    name: "perl: fork, pipe, sockets, signals, files",
    needs: ["perl"],
    seconds: 30,
    script: `exec perl -e '
      use strict; use warnings; use Socket; use POSIX ":sys_wait_h"; $| = 1;
      socketpair(my $a, my $b, AF_UNIX, SOCK_STREAM, 0) or die; my $p = fork(); if (!$p) { print $b "from the child\\n"; exit 9 }
      print scalar <$a>; waitpid($p, 0); print $? >> 8, "\\n";
      local $SIG{ALRM} = sub { print "alarm\\n" }; alarm 1; select(undef, undef, undef, 5);
      my $left = 20; local $SIG{CHLD} = sub { $left-- while waitpid(-1, WNOHANG) > 0 }; for (1..20) { fork() or exit 0 } while ($left > 0) { sleep 1 }
      mkdir "d" or die $!; for (1..200) { open my $f, ">", "d/$_" or die "open: $!"; print $f $_; close $f; rename "d/$_", "d/x$_" or die "rename: $!" }
      opendir my $d, "d"; print scalar(grep { /^x/ } readdir $d), "\\n"; unlink glob "d/x*"; rmdir "d" or die $!;
      print \`echo quoted; exit 4\`, $? >> 8, "\\n"; system("kill -TERM \\$\\$"); print $? & 127, "\\n";'`,
  },
  {
    name: "age, in Go: keys and files",
    needs: ["age", "age-keygen"],
    seconds: 30,
    script: `
      age-keygen -o key 2>/dev/null; age-keygen -y key > public; seq 100000 > plain; age -R public -o sealed plain; age -d -i key sealed | cmp - plain && echo same
      seq 10 | age -R public | age -d -i key | md5sum; age -d -i nothing sealed 2>&1 | head -n 1; stat -c %a key; yes | age -R public | head -c 10000 | wc -c`,
  },
  {
    name: "cargo and rustc: build and test a crate",
    needs: ["cargo", "cc"],
    seconds: 240,
    env: rust(),
    callerOnly: true,
    script: `
      export CARGO_NET_OFFLINE=true CARGO_TERM_QUIET=true CARGO_TERM_COLOR=never; cargo init -q --name probe --vcs none crate && cd crate || exit 1
      cat > src/main.rs <<'END'
use std::{fs, io::{Read, Write}, net::{TcpListener, TcpStream}, process::Command, sync::mpsc, thread};
fn main() {
    let (tx, rx) = mpsc::channel();
    for n in 0..16 { let tx = tx.clone(); thread::spawn(move || { fs::write(format!("t{n}"), "x").unwrap(); tx.send(n).unwrap() }); }
    drop(tx); let mut all: Vec<i32> = rx.iter().collect(); all.sort(); println!("{all:?}");
    let listener = TcpListener::bind("127.0.0.1:0").unwrap(); let to = listener.local_addr().unwrap();
    let server = thread::spawn(move || { let (mut s, _) = listener.accept().unwrap(); s.write_all(b"hello").unwrap() });
    let mut text = String::new(); TcpStream::connect(to).unwrap().read_to_string(&mut text).unwrap(); server.join().unwrap(); println!("{text}");
    println!("{:?}", Command::new("sh").args(["-c", "exit 5"]).status().unwrap().code());
    println!("{:?}", fs::File::open("/root/nothing/here").map(|_| ()).is_err());
    if std::env::args().count() > 1 { panic!("asked to") }
}
#[test] fn adds() { assert_eq!(1 + 1, 2) }
#[test] fn makes_files() { fs::write("in-test", "x").unwrap(); fs::rename("in-test", "moved").unwrap(); fs::remove_file("moved").unwrap() }
END
      cargo build && ./target/debug/probe; ./target/debug/probe panic > /dev/null 2>&1; echo $?; cargo test 2>&1 | grep -E '^test |^test result' | sed 's/; finished.*//' | sort`,
  },
  {
    name: "gcc and make: a parallel build",
    needs: ["gcc", "make"],
    seconds: 120,
    script: `
      for i in 1 2 3 4 5 6 7 8; do echo "int f$i(void){return $i;}" > f$i.c; done
      echo 'int printf(const char *, ...); int f1(void), f8(void); int main(void){printf("%d.", f1() + f8()); return 3;}' > main.c
      printf 'prog: main.o f1.o f2.o f3.o f4.o f5.o f6.o f7.o f8.o; @$(CC) -o $@ $^\\n%%.o: %%.c; @$(CC) -c $<\\n' > Makefile
      make -j4; ./prog; echo $?; make -j4; touch f3.c; make -n; echo 'int x = ;' > f1.c; make; echo $?; ls`,
  },
  {
    name: "git: commits, branches, a clone, a merge",
    needs: ["git"],
    seconds: 60,
    script: `
      export GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org GIT_AUTHOR_DATE=2000-01-01T00:00:00Z GIT_COMMITTER_DATE=2000-01-01T00:00:00Z
      git init -q -b main one; cd one; for i in 1 2 3; do echo $i > f$i; git add .; git commit -qm $i; done; git checkout -qb side HEAD~1; echo s > s; git add s; git commit -qm s
      git checkout -q main; git merge -q -m merged side; cd ..; git clone -q one two; cd two; git log --format='%h %s' --graph; git gc -q; git fsck; git status --short; git stash list; git show nothing 2>&1 | head -n 1`,
  },
];

/** @param {Program} program @returns {string | undefined} the missing program, if any */
export function missingFor(program) {
  return program.needs.find((need) => !present(need));
}

/** @param {Program} program @param {import("./workload.mjs").Side} side @param {number | undefined} uid */
export async function runProgram(program, side, uid) {
  // Several processes write into one stream in any order.
  const apart = '(eval "$0") 2> err; status=$?; sort err; exit $status';
  const outcome = await runWorkload({
    command: ["dash", "-c", apart, program.script],
    side,
    seconds: program.seconds,
    uid: program.callerOnly ? undefined : uid,
    ...(program.env ? { env: program.env } : {}),
  });
  // Process numbers in the messages of bash about jobs.
  const output = outcome.output.replace(/( line \d+: +)\d+ /g, "$1PID ");
  const word = outcome.hung ? "hung" : `${outcome.status}\n${output}`;
  /** @type {import("./comparison.mjs").Tests} */
  const tests = new Map([[program.name, { word, why: output }]]);
  return { ...outcome, tests };
}
