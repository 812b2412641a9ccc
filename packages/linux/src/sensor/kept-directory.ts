/** The name of the directory that the supervisor keeps for its own files: no task of a namespace may use it, in any mode. */
export const KEPT_DIRECTORY = "isoline-kept";
