/** How the programs are attached: called before an act happens or, by tracepoints, after it. */
export type Attachment = "lsm" | "fmod_ret" | "tracepoints";
