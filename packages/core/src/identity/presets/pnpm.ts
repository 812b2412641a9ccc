import { linked } from "./linker.ts";
import { scripted } from "./scripted.ts";
import type { Preset } from "./preset.ts";

const PNPM = ["node:pnpm.cjs", "node:pnpm.mjs", "node:pnpx.cjs", "node:pnpm", "pnpm"];

export const pnpm: Preset = {
  summary: "pnpm; gives up what pnpm itself does in its store, its cache and node_modules",
  programs: ["pnpm", "pnpx"],
  tools: [
    {
      kind: "cache",
      in: "$HOME/.local/share/pnpm/store",
      by: PNPM,
      why: "which files of the store are read, made or linked depends on earlier installations",
    },
    { kind: "cache", in: "$HOME/.cache/pnpm", by: PNPM, why: "answers of the registry that are asked for again" },
    { kind: "cache", in: "$HOME/.local/state/pnpm", by: PNPM, why: "when pnpm last looked for a newer pnpm" },
    {
      kind: "cache",
      in: "$CWD/node_modules",
      by: PNPM,
      why: "what pnpm makes, links and removes here depends on what an earlier installation left",
    },
    {
      kind: "state",
      in: "$CWD/pnpm-lock.yaml",
      by: PNPM,
      why: "pnpm writes the lock file in the first installation, and reads it in the next ones",
    },
    ...scripted("node"),
    ...linked,
  ],
};
