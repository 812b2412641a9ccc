/** Servers and their clients, under both sensors. */
import { test } from "node:test";
import { nodeHttp } from "../../../reproducibility/workloads/servers.mjs";
import { redis } from "../../../reproducibility/workloads/stores.mjs";
import { lacking, samePoints } from "../same-points.mjs";

test("node-http", { skip: lacking(nodeHttp) }, () => samePoints(nodeHttp));

test("redis", { skip: lacking(redis) }, () => samePoints(redis));
