/** How the programs hear of what happens: asked before it does, or, by tracepoints, told afterwards. */
export type Attachment = "lsm" | "fmod_ret" | "tracepoints";
