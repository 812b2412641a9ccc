/** What makes the bundle start soon: compiled code is stored with it, which this V8 accepts, and no package is loaded without need. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { Script } from "node:vm";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const bundle = fileURLToPath(new URL("../../packages/isoline/dist/bundle/", import.meta.url));
const isoline = fileURLToPath(new URL("../../packages/isoline/bin/isoline", import.meta.url));
const supervises = spawnSync(isoline, ["learn", "-q", "-o", "/dev/null", "--", "true"]).status === 0;

it.skipIf(!supervises).each(["main", "supervise-thread", "launch-thread"])("compiled code is stored for %s", (name) => {
  const filename = `${bundle}${name}-code.js`;
  expect(existsSync(`${filename}.cache`)).toBe(true);
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "utf8")}\n})`;
  const script = new Script(source, { filename, cachedData: readFileSync(`${filename}.cache`) });
  expect(script.cachedDataRejected).toBe(false);
});

it.skipIf(!supervises)("a command loads the one package that it needs", () => {
  const { stderr } = spawnSync(process.execPath, [`${bundle}main.js`, "learn", "-q", "-o", "/dev/null", "--", "true"], {
    encoding: "utf8",
    // As bin/isoline sets it, which lets no other variable of Node through.
    env: { ISOLINE_ENTRY: "1;blocked=0;ignored=0;files=1024;environ=-;open=0 1 2", NODE_DEBUG: "module" },
  });
  const loaded = [...stderr.matchAll(/ load "[^"]*\/node_modules\/([^"]*)" for module /g)].map(([, path]) => path);
  expect(new Set(loaded)).toEqual(new Set([expect.stringMatching(/^@koromix\/koffi-.*\/koffi\.node$/)]));
});
