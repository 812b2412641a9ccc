import type { Preset } from "./preset.ts";

const GIT = ["git"];
/** Of a repository's own directory, and of one without a working tree. */
const REPOSITORY = "$CWD/**/*.git";
/** Files that are there in some states of a repository, and not in others. Neither its configuration nor its hooks. */
const STATE = ["HEAD", "index", "packed-refs", "refs/stash", "logs/HEAD", "logs/refs/stash", "shallow", "info/refs"];
/** The same, where what git does next decides which of them it is. A lock does nothing; what it is moved onto keeps its name. */
const PASSING = ["*.lock", "*_HEAD", "*_MSG", "*_EDITMSG", "*_MODE", "*_MERGE"];

/** Git, in repositories below the working directory. */
export const git: Preset = {
  summary:
    "git; gives up which objects, branches and tags a git command reads and writes, and which files of the tree it replaces",
  programs: ["git"],
  tools: [
    {
      kind: "cache",
      in: `${REPOSITORY}/objects`,
      by: GIT,
      why: "objects are named after their content, and packed now and then; which of them are read depends on all earlier commits",
    },
    ...["heads", "remotes", "tags"].flatMap((name) => [
      {
        kind: "cache" as const,
        in: `${REPOSITORY}/refs/${name}`,
        by: GIT,
        why: "one file for each branch or tag; packed now and then",
      },
      {
        kind: "cache" as const,
        in: `${REPOSITORY}/logs/refs/${name}`,
        by: GIT,
        why: "what each branch was, one file for each",
      },
    ]),
    ...["rebase-merge", "rebase-apply", "sequencer"].map((name) => ({
      kind: "cache" as const,
      in: `${REPOSITORY}/${name}`,
      by: GIT,
      why: "how far a rebase, or a row of picks, has come",
    })),
    ...PASSING.map((name) => ({
      kind: "cache" as const,
      in: `${REPOSITORY}/${name}`,
      by: GIT,
      why: "locks, and notes of a merge, a rebase or a fetch that has begun",
    })),
    ...STATE.map((name) => ({
      kind: "state" as const,
      in: `${REPOSITORY}/${name}`,
      by: GIT,
      why: "git's record of what was done last is there in some states of a repository, and not in others",
    })),
    {
      kind: "output",
      in: "$CWD/**",
      by: GIT,
      why: "which files of the tree git makes, replaces and removes depends on what was there; each keeps its name",
    },
  ],
};
