/** A shell script, and the tools of a distribution, under both sensors, whichever way the bpf sensor is attached. */
import { test } from "node:test";
import { shell } from "../../../reproducibility/workloads/scripts.mjs";
import { packaging } from "../../../reproducibility/workloads/toolchains.mjs";
import { lacking, samePoints } from "../same-points.mjs";

test("dpkg-deb", { skip: lacking(packaging) }, () => samePoints(packaging));

test("shell, and enforced", { skip: lacking(shell) }, () => samePoints(shell, { enforces: true }));
