/** Interpreters, under both sensors; the shell is tried in every machine. */
import { python } from "../../../reproducibility/workloads/scripts.mjs";
import { samePoints } from "../same-points.mjs";

samePoints(python);
