/** Builds and version control, under both sensors. */
import { test } from "node:test";
import { compileFew } from "../../../reproducibility/workloads/build.mjs";
import { git } from "../../../reproducibility/workloads/stores.mjs";
import { lacking, samePoints } from "../same-points.mjs";

test("compile", { skip: lacking(compileFew) }, () => samePoints(compileFew));

test("git", { skip: lacking(git) }, () => samePoints(git));
