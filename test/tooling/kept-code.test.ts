/** The compiled code that is stored with the bundle: it exists, and this V8 accepts it. Without it everything works, only later. */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { Script } from "node:vm";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const bundle = fileURLToPath(new URL("../../packages/isoline/dist/bundle/", import.meta.url));
const isoline = fileURLToPath(new URL("../../packages/isoline/bin/isoline", import.meta.url));
const supervises = spawnSync(isoline, ["learn", "-q", "-o", "/dev/null", "--", "true"]).status === 0;

it.skipIf(!supervises).each(["supervise-thread", "launch-thread"])("is stored for the %s", (name) => {
  const filename = `${bundle}${name}-code.js`;
  expect(existsSync(`${filename}.cache`)).toBe(true);
  const source = `(function (exports, require, module, __filename, __dirname) {${readFileSync(filename, "utf8")}\n})`;
  const script = new Script(source, { filename, cachedData: readFileSync(`${filename}.cache`) });
  expect(script.cachedDataRejected).toBe(false);
});
