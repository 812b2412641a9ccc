/** The identity suffix of a process that was allowed to execute a file, if it is not proven that it runs that file. */
export const UNIDENTIFIED = {
  swapped: "another file than the one it was allowed to execute",
  "called-otherwise": "with other arguments than the ones that were read",
  unproven: "one of several programs, and it could not be proven which",
};
