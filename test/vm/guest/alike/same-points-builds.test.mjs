/** Builds and version control, under both sensors. */
import { test } from "node:test";
import { compile } from "../../../reproducibility/workloads/build.mjs";
import { git } from "../../../reproducibility/workloads/stores.mjs";
import { lacking, samePoints } from "../same-points.mjs";

test("compile", { skip: lacking(compile) }, () => samePoints(compile));

test("git", { skip: lacking(git) }, () => samePoints(git));
