/** The whole suite, in the order of the table. */
import type { Deviation } from "./deviation.ts";
import { memory, programs } from "./deviations/execution.ts";
import { attributes, names, openings } from "./deviations/files.ts";
import { machine } from "./deviations/machine.ts";
import { network } from "./deviations/network.ts";
import { changes, scripts, surroundings } from "./deviations/scripts.ts";
import { others, privileges } from "./deviations/processes.ts";

export interface Chapter {
  readonly title: string;
  readonly deviations: readonly Deviation[];
}

export const suite: readonly Chapter[] = [
  { title: "Programs", deviations: programs },
  { title: "Scripts and interpreters", deviations: scripts },
  { title: "The environment of a program", deviations: surroundings },
  { title: "Objects changed by other programs", deviations: changes },
  { title: "Executable memory", deviations: memory },
  { title: "Files: how they are opened", deviations: openings },
  { title: "Files: their names", deviations: names },
  { title: "Files: their attributes", deviations: attributes },
  { title: "Network", deviations: network },
  { title: "Other processes", deviations: others },
  { title: "Privileges, mounts, namespaces", deviations: privileges },
  { title: "The machine", deviations: machine },
];
