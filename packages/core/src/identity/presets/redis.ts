import type { Preset } from "./preset.ts";

const REDIS = ["redis-server", "redis-check-rdb", "redis-check-aof", "valkey-server"];
const WHY = "dumps and the append-only file are read, made and replaced as the last run left them";

export const redis: Preset = {
  summary: "Redis; gives up what the server does in the directories of its dumps and append-only files",
  programs: ["redis-server", "valkey-server"],
  tools: [
    { kind: "cache", in: "/var/lib/redis", by: REDIS, why: WHY },
    { kind: "cache", in: "$CWD/**/appendonlydir", by: REDIS, why: WHY },
    {
      kind: "output",
      in: "$CWD/**",
      by: REDIS,
      why: "a dump replaces the one of the last run",
    },
  ],
};
