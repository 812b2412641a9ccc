/** isoline's own exit statuses: docs/exit-codes.md. */
export const status = {
  success: 0,
  /** A failure of isoline itself, in a command that runs no workload. */
  failure: 1,
  usage: 2,
  /** `diff`: the contours are comparable and differ. */
  different: 1,
  /** `query`, `explain`: nothing on the contour fits. */
  nothingFound: 1,
  /** `diff`, `query`, `explain`: as diff(1) and git diff, so that 1 is always an answer. */
  trouble: 2,
  offContour: 3,
  incomplete: 4,
  /** A failure of isoline itself, in a command that runs a workload: smaller statuses are the workload's. */
  noWorkload: 125,
  notExecutable: 126,
  notFound: 127,
  /** As if SIGPIPE had ended this process. */
  outputClosed: 141,
} as const;
