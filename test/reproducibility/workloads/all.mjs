/** Every workload, in the order of the tables. */
import { autotools, cmake, compile } from "./build.mjs";
import { archives, images, rsync } from "./files.mjs";
import { gpg, openssl, ssh } from "./keys.mjs";
import { npm, npmPack } from "./packages.mjs";
import { jobs, lua, perl, php, python, shell } from "./scripts.mjs";
import { nginx, nodeHttp } from "./servers.mjs";
import { documents, go, java, packaging, pip, ruby } from "./toolchains.mjs";
import { git, postgres, redis, sqlite } from "./stores.mjs";

/** The workloads by which every change is measured. */
export const everyday = [compile, npm, git, shell, nodeHttp, redis];

/** Programs that the lens was not made for. */
export const unseen = [
  sqlite,
  nginx,
  python,
  perl,
  archives,
  autotools,
  php,
  lua,
  postgres,
  rsync,
  images,
  openssl,
  gpg,
  jobs,
  ssh,
  cmake,
  npmPack,
  go,
  ruby,
  java,
  pip,
  packaging,
  documents,
];
