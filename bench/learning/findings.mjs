/** Where the estimate fails, and why: written by hand, after reading the tables and what departed. */
export const findings = [
  `**Counters that only go up** (redis). Each rewrite of the log gives its files the next number, and nothing that
was learnt comes back. The ninth and the tenth run still found numbers that the earlier half had seen, so the
estimate says 75 %, at most 95 %. A few runs later the number has moved on for good, and every run departs. By
what no other run did it would have been 50 %.`,
  `**State that fills slowly** (editor). For each of twelve notes vim keeps an undo file from its first edit on,
and finds it from the second on. After sixteen runs most second edits are still to come. Whether a run departs
depends on how long ago the contour was learnt, and halves of eight runs are too short to see that. The bound
was 82 %, the share 85 %.`,
  `**Bounds just below 100 %** (upload service). One learnt run of sixteen did nothing new, so the bound is 99.7 %,
and all forty departed. A bound at 95 % is allowed to fail once in twenty times, and it fails by very little
here.`,
  `**The other way round**: state that reaches an end makes the estimate too high, and not too low. Under coarser
acts the nightly backup did new things up to the ninth run, the certificate authority up to the fifteenth, and
then never again. Learn on, and the estimate follows.`,
  `**What comes seldom, and is much** (git, under coarser acts). No merge of the first sixteen runs met a conflict, and one
of them did something that no other did. Of the next forty, fourteen merged, or checked out what another branch had changed.`,
  `**Names of many forms** (job queue, under coarser acts). Ids end in four hexadecimal digits, which the coarser
acts do not take for one. There are many such forms, each comes seldom, and which have come by now depends on how many jobs
were done.`,
  `**Sixteen runs are few.** The bound is then wide: at most 17 % where no run did anything new. For 5 % it takes
59 runs.`,
];

/** What to do about it. */
export const remedy = `What helps is a clean start, where there is one: \`isoline learn --runs 60 --until 5% --clean 'git clean -fdxq' -o app.contour -- npm test\`.
For runs that keep state and whose names carry numbers, dates or hashes, more runs do not help: the names must be [levelled](lens.md), or
generalised on evidence.`;
