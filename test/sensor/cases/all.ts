/** All cases, by subject. */
import type { Case } from "../case.ts";
import { appending } from "./appending.ts";
import { capabilityCases } from "./capabilities.ts";
import { execution } from "./execution.ts";
import { kernel } from "./kernel.ts";
import { marks } from "./marks.ts";
import { naming } from "./names.ts";
import { network } from "./network.ts";
import { opening } from "./open.ts";
import { paths } from "./paths.ts";
import { privileges } from "./privileges.ts";
import { processes } from "./processes.ts";
import { mounts } from "./mounts.ts";
import { requests } from "./requests.ts";

export const all: readonly Case[] = [
  ...opening,
  ...appending,
  ...naming,
  ...execution,
  ...network,
  ...processes,
  ...requests,
  ...marks,
  ...privileges,
  ...capabilityCases,
  ...mounts,
  ...kernel,
  ...paths,
];
