/** Every workload with natural variation, in the order of the tables. */
import { make, npm, python, site } from "./builds.mjs";
import { editor, logs, nightly, shell, texts } from "./chores.mjs";
import { mail, nginx, queue, uploads } from "./services.mjs";
import { authority, git, redis, sqlite } from "./stores.mjs";

/** @type {readonly import("./script.mjs").Varying[]} */
export const workloads = [
  redis,
  sqlite,
  git,
  authority,
  make,
  python,
  npm,
  site,
  nginx,
  uploads,
  mail,
  queue,
  nightly,
  logs,
  texts,
  shell,
  editor,
];
