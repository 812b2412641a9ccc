/** A shell script, and the tools of a distribution, under both sensors, whichever way the bpf sensor is attached. */
import { shell } from "../../../reproducibility/workloads/scripts.mjs";
import { packaging } from "../../../reproducibility/workloads/toolchains.mjs";
import { samePoints } from "../same-points.mjs";

samePoints(packaging, shell);
