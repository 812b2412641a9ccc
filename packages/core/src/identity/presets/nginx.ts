import type { Preset } from "./preset.ts";

const NGINX = ["nginx"];

export const nginx: Preset = {
  summary:
    "nginx; gives up which bodies and answers it keeps in its temporary directories, and whether a log was there",
  programs: ["nginx"],
  tools: [
    {
      kind: "cache",
      in: "/var/lib/nginx",
      by: NGINX,
      why: "bodies and answers that do not fit into memory lie here under counted names",
    },
    ...["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map((name) => ({
      kind: "cache" as const,
      in: `$CWD/**/${name}_temp`,
      by: NGINX,
      why: "bodies and answers that do not fit into memory lie here under counted names",
    })),
    { kind: "output", in: "/var/log/nginx", by: NGINX, why: "a log is there from the second start on" },
    { kind: "output", in: "$CWD/**", by: NGINX, why: "a log or a pid file is there from the second start on" },
    { kind: "output", in: "/run", by: NGINX, why: "the pid file is there after a start that was not ended" },
  ],
};
