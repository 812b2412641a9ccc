/** A script for an interpreter, under both sensors; every machine runs the shell workload. */
import { test } from "node:test";
import { python } from "../../../reproducibility/workloads/scripts.mjs";
import { lacking, samePoints } from "../same-points.mjs";

test("python3", { skip: lacking(python) }, () => samePoints(python));
