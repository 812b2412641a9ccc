/** Findings that no measurement shows by itself: the first contact with each program, and what cannot be the same twice. */

/** @typedef {{ readonly saw: string, readonly since: string }} FirstContact */

/** @type {FirstContact} */
const nothing = { saw: "1 of 4, on contour", since: "" };

/**
 * By workload: four runs and a check with the lens as it was before it had met the program, and the change that followed. Down
 * to `npm pack` that is commit 67732b2; from `go` on, 4a00707, with all rules that the others had led to.
 *
 * @type {Readonly<Record<string, FirstContact>>}
 */
export const firstContacts = {
  sqlite3: nothing,
  nginx: nothing,
  python3: {
    saw: "4 of 4, off contour: names of semaphores in `/dev/shm`; a signal, see [below](#what-is-not-reproducible)",
    since: "their template; a process that has threads numbers nothing it creates",
  },
  perl: nothing,
  archives: nothing,
  autotools: {
    saw: "4 of 4, off contour: `conf1234subs.awk`, made by a child and called after the shell; the program that is built and run holds the directory it was built in",
    since:
      "an ancestor's id counts wherever it stands in a new name; the workload is built with `-ffile-prefix-map`, since content that is executed counts",
  },
  php: { saw: "1 of 4, on contour, but with a wrong status", since: "nothing of the lens" },
  lua: nothing,
  postgresql: {
    saw: "1 of 4 by luck, later 2 of 4: tables are files called by number, and some numbers are those of its processes",
    since: "names that are counted up are told from ids also where several kinds are counted in turn",
  },
  rsync: {
    saw: "4 of 4, off contour: each directory above the working directory is opened on the way down; times are set where they differ by a second",
    since: "`$ABOVE`, then `way-down`; a pause in the workload",
  },
  imagemagick: nothing,
  openssl: nothing,
  gpg: nothing,
  xargs: nothing,
  "ssh-keygen": nothing,
  cmake: {
    saw: "4 of 4, off contour: names of the projects by which it tries what the compiler can do",
    since: "their template",
  },
  "npm pack": {
    saw: "4 of 4, off contour: six letters drawn in `_cacache/tmp`; how many processors there are, asked when threads contend",
    since: "new and private in a directory called `tmp` is drawn; `allocator`",
  },
  go: nothing,
  ruby: nothing,
  java: {
    saw: "2 of 4, on contour: the first run makes `/tmp/hsperfdata_root`, which stays",
    since:
      "nothing of the lens: what is left in `/tmp` itself is no clean start; the workload switches it off (`-XX:-UsePerfData`)",
  },
  pip: {
    saw: "4 of 4, off contour: the script `env/bin/pip` begins with the directory that it was made in, and is executed",
    since: "nothing of the lens: content that is executed counts; the workload says `env/bin/python -m pip`",
  },
  "dpkg-deb": nothing,
  "groff and jq": nothing,
};

/** The reasons, and what the tables do not show. @type {readonly string[]} */
export const limits = [
  "**Signals to children that may have ended** (python3): at the end of `with multiprocessing.Pool()`, Python tells its workers to end and sends SIGTERM to those that have not yet. Whether one is left depends on the scheduler, and that a program signals its children is behaviour. Two or three runs with `--merge` have both.",
  "**What the launching thread does before the workload** (an act of no task, `-`): that thread is Node's, and without address-space randomisation V8 now and then maps Node's own code anew after the filter is on (node-http, addresses).",
  "**Who owns a process in `/proc`** (java): what is left of a process that has ended belongs to root there, whichever user ran it. A program that looks at its children's `stat` meets one or the other.",
  "**Time stamps within one second**: git looks again into files that are as young as its index, rsync sets times that differ, make builds what is older. A script that writes and then commits or copies within a second does so by chance. The workloads above start from files that are an hour old, and pause a second where one program waits for another's times to differ. Without the pause git is in the table of merged runs.",
  "**Programs that are built where they run**: with `-g`, a compiler writes the working directory into what it makes, so that its content differs from checkout to checkout. Scripts with the path of their interpreter, as in Python's virtual environments, are the same case. Content that is executed counts, and no rule will hide it; `-ffile-prefix-map=$PWD=.` and `python -m pip` make it the same.",
  "**What programs leave behind in `/tmp` itself**, such as Java's `hsperfdata_ann` (and `-XX:-UsePerfData` against it): the next run finds it, so it is not from a clean start.",
  "**Servers that are waited for**: `until curl …; do sleep 0.1; done` sleeps or does not, as the scheduler decides. The workloads above sleep once in each run.",
  "**Caches**: from an empty cache npm does something else than from a full one. Learn both into one contour, as in the last table, or start from the same.",
  "**Other machines**: other versions of programs and libraries have other content, so they are other points. Runtimes look for the limits of their control group where that version of control groups has them.",
  "**Names that look like words**: see [what the lens does not level](lens.md#what-the-lens-does-not-level).",
];
