/**
 * Where a workload gives other points under the bpf sensor, at hooks, than under the seccomp sensor, and why. The same stands
 * in docs/guarantees/bpf-differences.md (`test/vm/workload-differences.test.ts`).
 *
 * @typedef {object} Difference
 * @property {string} workload
 * @property {string} [seccomp] what it alone sees: the beginning of a point, without who acted
 * @property {string} [bpf] what it alone sees
 * @property {string} [either] what now one and now the other sees, or both, or neither
 * @property {string} [program] whose points come and go with that, whatever they are
 * @property {string} why
 */

/** @type {readonly Difference[]} */
export const workloadDifferences = [
  {
    workload: "python3",
    either: "kill signal=15 relation=child",
    why: "no difference of the sensors: whether a worker still lives when its pool is closed is up to the scheduler",
  },
  {
    workload: "git",
    either: "open access=read path=$CWD/work/",
    why: "no difference of the sensors: git reads a file again whose change it cannot tell from the time of its index, to a second, and each of its commands is an actor of its own",
  },
  {
    workload: "git",
    either: "utimens path=$CWD/work/.git/objects/",
    why: "no difference of the sensors: git writes the object of a file that it reads again once more, finds it there, and sets its time",
  },
  {
    workload: "dpkg-deb",
    seccomp: "kill signal=15 relation=outside",
    bpf: "kill signal=15 relation=namespace",
    why: "who forks it is dead before the daemon of fakeroot does anything that is mediated: the seccomp sensor has not heard of it and takes it for a stranger; the bpf sensor is told of every birth",
  },
  {
    workload: "dpkg-deb",
    either: "exec path=/usr/bin/sleep",
    program: "sleep",
    why: "no difference of the sensors: fakeroot asks its daemon to end until it has, and sleeps in between; whether it comes to that is up to the scheduler. What `sleep` does is left out, too",
  },
];

/**
 * The violations: points that differ without a reason, and reasons without a point that differs.
 *
 * @param {string} workload @param {readonly string[]} differing points, as `difference` prints them
 */
export function unexplained(workload, differing) {
  const reasons = workloadDifferences.filter((each) => each.workload === workload);
  const expected = reasons.flatMap(({ seccomp, bpf }) => [
    ...(seccomp ? [`- ${seccomp}`] : []),
    ...(bpf ? [`+ ${bpf}`] : []),
  ]);
  const possible = [...expected, ...reasons.flatMap(({ either }) => (either ? [`- ${either}`, `+ ${either}`] : []))];
  return [
    ...differing.filter(
      (point) => !possible.some((each) => isOf(each, point)) && !reasons.some(({ program }) => isBy(program, point)),
    ),
    ...expected.filter((each) => !differing.some((point) => isOf(each, point))).map((each) => `missing: ${each}`),
  ];
}

/** @param {string} expected `- POINT…` @param {string} point `- ACTOR: POINT` */
function isOf(expected, point) {
  const withoutActor = point.replace(/^([-+]) .*?: /, "$1 ");
  // A path that ends in a slash stands for all paths below it.
  return withoutActor === expected || withoutActor.startsWith(expected.endsWith("/") ? expected : `${expected} `);
}

/** @param {string | undefined} program @param {string} point */
function isBy(program, point) {
  return program !== undefined && point.slice(2).startsWith(`${program}~`);
}
