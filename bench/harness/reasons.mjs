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
Then: rings, tables and counters found by place instead of by hash, and nothing copied that can be read in place
(1.38 × bare became 1.25). How much that is depends on the processor: those figures are of an AMD one, on which bare took 2.5 µs; on an
Intel one, on which it takes 0.55, the kernel's tracing alone is a quarter of it (0.14 µs) and the key another (0.13), which is
1.50 ×. Of what a shell script paid, a third was waking the supervisor: to interrupt another processor takes some 40 µs
on a virtual machine, and each birth and end did. Now only what somebody waits for wakes it. What is left of short workloads is
mostly the supervisor itself, which works beside them on the same two processors: some 125 ms for five hundred acts that it meets for the
first time, in code that has not run before, and the digests of programs. The same script ten times as long, measured
once on a busy machine, paid half as much (1.07 instead of 1.15 × bare); the kernel's tracing of every call is 1.02 to 1.05 of it.
Counted in processor time for a script of 360 programs (on a busy machine, joining what was loaded): the script itself, with all that the
kernel half does, took 0.36 s, and 0.34 bare; the supervisor took 0.72 s beside it: 0.4 its deciding thread, 0.2 V8's own threads,
which compile and collect, 0.12 the two others, which are over when it begins. Fewer such threads, or no optimising compiler, save a
tenth of it. To load took a second of processor time, most of which the verifier searched the types of the whole kernel, and takes 90 ms;
two attempts at hooks that many kernels refuse took 100, and take 22 with a program that does nothing. What a first namespace takes
beyond that is what each takes (47 ms, of them 30 in which the kernel waits for its own processors, once for each of three tables).
Whom the supervisor watches could go first: with all of its threads idle to the scheduler, learning took 3 in 100 less and watching
the same (shell and compile; npm ci took a tenth less), with a nice value of 19 nothing. Not kept: whoever is watched could then keep the watcher
from its processor.

**The bpf sensor at the kernel's own hooks.** Counted in instructions. In no namespace an open and close takes 2 in 100 more: the calls of
programs at the hooks that they pass, each of which looks whether anything is kept with the task, and returns. In a namespace
it is 14 in 100 (2.46 × bare in an earlier report was the measuring program, which kept the machine's only processor busy meanwhile).
To be taken off its hook a program needs some
60 ms, and there are 150: an open is dearer until those of the file hooks are gone, seconds after the last namespace has ended. Under
emulation a held task is nearly always stopped: the moment that it waits in the kernel before is shorter there than any decision.

**Events that were never seen before.** Deciding about one that is new to everybody costs reading its record, its levelling, its encoding,
its point (SHA-256) and garbage, some 7 µs in the deciding thread alone once it is warm; beside it V8 compiles and collects. An event
is encoded once now and not twice, a table of decided keys that is full is not asked again, and credentials that stay the same are made
once (20 µs became 13 to 15 on a busy machine). Then departures that are kept became copies of their own: as long as V8 saw most of
what the first ten thousand events made being kept, it put what all later ones made among what is old (440 bytes an event). With
that a smaller young generation costs nothing any more, and verdicts by raw key have 4 MiB instead of 16 while nothing is
learnt. In turns on a busy machine, 200 000 opens took 135 to 146 MB instead of 177 to 220, and 10.5 to 11.9 µs instead of 11.0 to
12.7; on a quiet one it is less than 7 µs. Then half of that young generation, at the same processor time; a report that is handed over and
written in pieces; and large pieces of memory that go back to the kernel when they are freed: 500 000 opens took 116 MB instead of 132, in
turns on one machine. Memory is that of three Node threads to begin with (95 MB, what libbpf needs included), the
departures that are kept, and the report of them at the end. Learning takes more: each event is a point that is kept, explained and written.
While its code is cold, a supervisor is slower than that: on a slow machine a ring of 4 MiB was full before it was warm, in four runs of thirteen,
and 500 to 2 600 events were lost (and counted). The ring is 8 MiB now, with which none were lost in eleven runs; its memory is
counted once, as only its beginning is mapped twice.

**A container's start.** The supervisor's own start, and runc's several hundred calls before the workload, most of them of a kind
that is met for the first time. What V8 has compiled is kept with the bundle, and the threads begin before anything else is
loaded: 263 ms more than runc became 229. Then less is loaded (text of one byte a letter, koffi without its search, the bpf
sensor only where it is used), contours are read without streams and the same actor is encoded once, and what a proc mount
calls a task is not proven where it is our own mount: a tenth less processor time, and 229 ms
became 192 (156 on a quiet machine with another processor, and up to 175 a few minutes later). What is left, by processor time: 20 ms for Node's start, 22 for that of each of two threads, for which
Node keeps no snapshot, 25 to load three programs, and 90 to decide about five hundred calls with some nine thousand of our own,
in code that has not run before; beside them 30 of V8's own threads. Without effect: V8 without its optimising compiler, with
another budget for it, or compiling all at first sight; to begin the launching thread only when the others are loaded; and, worth
1.5 ms, fewer processes of the shell that notes how isoline was started.

**New points learnt.** Beside the contour, memory holds the raw key of each verdict, and garbage that V8 has had no reason to
collect yet. Most was needed while the contour was written: an act is put together of parts, V8 keeps them as long as the whole, and all were
kept to be sorted. Sorted as bytes side by side, 100 000 points took 120 MB instead of 175, and 500 000 236 instead of 456 (in
turns on one machine).

What is missed by a few parts in a hundred (a novel event at a million points, TSEM lines at 20 000, a table that no longer fits
the cache, 100 000 points loaded) is reached or missed from one run to the next.`;
