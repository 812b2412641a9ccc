/** Why some figures miss what was promised, for docs/performance.md: what was found out, and what else was tried. */
export const reasons = `## Why some were missed

**Workloads, against strace restricted to the same calls.** A mediated open costs a sixth of what it costs under strace, but a
new process costs more: isoline looks up who it is, which program it runs, out of which parent and with which rights, where
strace prints a line. On top comes what strace does not do at all: the start of the supervisor (counted in every run), and the
SHA-256 of each program and library once a run, 70 ms of processor time for Node's own 99 MB alone. Called
without a filter, as most people call it, strace is slower on every workload. Tried: reading /proc by
system calls instead of the runtime's files, not reading back canonical paths that have no link on them, remembering what a
program is loaded by, leaving out image marks where memory is not shared, loading into each thread only what it needs
(together: a process 1.06 → 0.85 ms, an open 17.8 → 15.6 µs, a start 0.2 → 0.14 s of processor time). Without effect: everything
on one processor, V8 without its optimising compiler, smaller young generations, larger pieces when hashing. Not done: digests
kept from one run to the next, because whoever may write them decides what a program's content is.

**An open with its whole identity.** 5.5 µs of it is the notification alone (a call that is only received and answered).
Reading the path out of the task takes 2.3 µs, openat2 1.8, statx 0.9, close 0.9, all measured in place; the code between them
about one. What is left is cold caches after each change of task.

**The bpf sensor by tracepoints.** Of what an open and close of a known file cost more than bare, half (0.37 µs of 2.1) is that
the kernel traces the calls of the machine at all, each at its beginning and its end; the other half is the key. Tried: to
describe the act and look its digest up (1.6 µs more than bare), a key without a description by SipHash with one round (0.87 µs),
by two sums of NH (0.65 µs, which is kept); what a namespace has for itself (table, counters) instead of shared is 0.06 µs of it.
What a workload pays beyond that has not been taken apart. Its supervisor works beside it on the same two processors: it reads
programs and libraries for their digests, and is woken for each birth, end and name that changes, which are told each time.

**The bpf sensor at the kernel's own hooks.** Counted in instructions, an open and close is 10 059 bare, 305 more where the programs are
attached and the task is in no namespace, 2 412 more in one. The 305 are calls of programs at the hooks that an open and a close
pass; each looks the task up and returns. To be taken off its hook a program needs some 60 ms, and there are 150: an open is dearer
until those of the file hooks are gone, seconds after the last namespace has ended. Under the load of a machine that emulates, a held task is
nearly always stopped: the moment that it waits in the kernel before is shorter there than any decision.

**Events that were never seen before.** Deciding about one that is new to everybody costs its encoding, its point (SHA-256), its levelling and
a system call that tells the kernel half. Taken apart once, on a busy machine, for opens that are departures: of 20 µs 3.2 were
that system call, 1.6 reading the record, 3 encoding the event twice, 1.3 the digest, 1.4 levelling, 2 garbage; the rest the code between
them. Memory is the verdicts by raw key, of which up to 256 MB are kept.

**A container's start.** The supervisor's own start, and runc's several hundred calls before the workload, most of them of a kind
that is met for the first time. What V8 has compiled is kept with the bundle, and the threads begin before anything else is
loaded: 263 ms more than runc became 229. Then less is loaded (text of one byte a letter, koffi without its search, the bpf
sensor only where it is used), contours are read without streams and the same actor is encoded once, and what a proc mount
calls a task is not proven where it is our own mount: a tenth less processor time, and in one pairing, on a busy machine, 30 ms
less until the workload. What is left, by processor time: 20 ms for Node's start, 22 for that of each of two threads, for which
Node keeps no snapshot, 25 to load three programs, and 90 to decide about five hundred calls with some nine thousand of our own,
in code that has not run before; beside them 30 of V8's own threads. Without effect: V8 without its optimising compiler, with
another budget for it, or compiling all at first sight; and to begin the launching thread only when the others are loaded.

**New points learnt.** Beside the contour, memory holds the raw key of each verdict, and garbage that V8 has had no reason to
collect yet. Smaller young generations save 5 MB and nothing more.

What is missed by a few parts in a hundred (a novel event at a million points, TSEM lines at 20 000, a table that no longer fits
the cache, 100 000 points loaded) is reached or missed from one run to the next.`;
