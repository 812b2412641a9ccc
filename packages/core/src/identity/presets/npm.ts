import { linked } from "./linker.ts";
import { scripted } from "./scripted.ts";
import type { Preset } from "./preset.ts";

const NPM = ["node:npm-cli.js", "node:npx-cli.js", "node:npm", "node:npx"];

/** npm, with node-gyp where a package is compiled. */
export const npm: Preset = {
  summary: "npm; gives up what npm itself does in its cache, its logs and node_modules",
  programs: ["npm", "npx"],
  tools: [
    {
      kind: "cache",
      in: "$HOME/.npm",
      by: NPM,
      why: "which entries of the cache are read, made or verified depends on earlier installations",
    },
    {
      kind: "cache",
      in: "$CWD/node_modules",
      by: NPM,
      why: "what npm makes, moves and removes here depends on what an earlier installation left",
    },
    {
      kind: "state",
      in: "$CWD/package-lock.json",
      by: NPM,
      why: "npm writes the lock file in the first installation, and reads it in the next ones",
    },
    ...scripted("node"),
    ...linked,
  ],
};
