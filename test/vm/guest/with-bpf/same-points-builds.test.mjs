/** What is built and kept under version control, under both sensors. */
import { compile } from "../../../reproducibility/workloads/build.mjs";
import { git } from "../../../reproducibility/workloads/stores.mjs";
import { samePoints } from "../same-points.mjs";

samePoints(compile, git);
