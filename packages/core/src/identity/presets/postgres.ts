import type { Preset } from "./preset.ts";

const POSTGRES = ["postgres", "initdb", "pg_ctl", "postmaster"];
const WHY =
  "which files hold tables, indexes and the log of changes follows from their numbers and from what is in them";
/** The directories of a cluster. Its own name is the user's, so they are named below any directory. */
const DIRECTORIES = ["base", "global", "pg_wal", "pg_xact", "pg_multixact", "pg_subtrans", "pg_stat", "pg_stat_tmp"];
const MORE = [
  "pg_logical",
  "pg_replslot",
  "pg_dynshmem",
  "pg_notify",
  "pg_serial",
  "pg_snapshots",
  "pg_tblspc",
  "pg_twophase",
];

export const postgres: Preset = {
  summary: "PostgreSQL; gives up which files of its cluster the server reads, makes and removes",
  programs: ["postgres", "pg_ctl", "pg_ctlcluster"],
  tools: [
    { kind: "cache", in: "/var/lib/postgresql", by: POSTGRES, why: WHY },
    ...[...DIRECTORIES, ...MORE].map((name) => ({
      kind: "cache" as const,
      in: `$CWD/**/${name}`,
      by: POSTGRES,
      why: WHY,
    })),
    { kind: "output", in: "$CWD/**", by: POSTGRES, why: "pid file, options and configuration of the last start" },
  ],
};
