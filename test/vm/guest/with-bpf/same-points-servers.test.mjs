/** Servers and their clients, under both sensors. */
import { nodeHttp } from "../../../reproducibility/workloads/servers.mjs";
import { redis } from "../../../reproducibility/workloads/stores.mjs";
import { samePoints } from "../same-points.mjs";

samePoints(nodeHttp, redis);
