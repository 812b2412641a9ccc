/** What is wrong with a configuration is told by the command in one line, with what to do. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isBuilt, isolineProgram } from "../support/isoline.ts";

describe.skipIf(!isBuilt)("a configuration that cannot be (needs a build)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-verifier-"));
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it.each([
    ["listen: 0.0.0.0:1", "isoline: listen: expected tls, or an address of this machine alone"],
    ["otlp: http://10.0.0.1/v1/metrics", "isoline: otlp.url: expected https://HOST:PORT/v1/metrics"],
    ["otlp: { url: 'https://a/b', ca: verifier.yaml }", "isoline: otlp.ca: expected certificates in PEM"],
  ])("%s is refused in one line", (line, why) => {
    const file = join(place, "verifier.yaml");
    const usual = line.startsWith("listen") ? "" : "listen: 127.0.0.1:0\n";
    writeFileSync(file, `${usual}${line}\ndatabase: pglite:store\nkeys: keys\ntrust: trust\n`);
    const { status, stderr } = spawnSync(isolineProgram, ["verifier", "--config", file], { encoding: "utf8" });
    expect([status, stderr.split("\n").length]).toEqual([1, 2]);
    expect(stderr).toContain(why);
  });
});
