/**
 * The two commands of the README on a fresh Debian 13: its own Node and npm 9, no compiler, no git. What npm installs comes from
 * this machine's npm cache where it is there, and else from the registry that this machine uses.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { inMinimalRoot, mayBootstrap } from "./minimal-root.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const CERTIFICATES = "/etc/ssl/certs/ca-certificates.crt";
const hasHistory = existsSync(join(repository, ".git")) && spawnSync("git", ["--version"]).status === 0;
const npmSays = (name: string) => execFileSync("npm", ["config", "get", name], { encoding: "utf8" }).trim();

/** Root's `npm test` would install the packages that tests use, so an ordinary user runs it. A part of the tests shows that it works. */
const SCRIPT = `
node --version; npm --version
for compiler in gcc cc clang; do command -v $compiler && echo "there is a compiler"; done
export npm_config_cache=/npm-cache npm_config_prefer_offline=true
cd /isoline
npm start; echo "npm start ended with $?"
chown -R 65534:65534 /isoline /npm-cache
export HOME=/npm-cache
setpriv --reuid=65534 --regid=65534 --clear-groups npm test -- packages/core/src/event test/cli/usage.test.ts
echo "npm test ended with $?"
`;

describe.skipIf(!mayBootstrap || !hasHistory)("a fresh Debian 13 (CI; needs root, mmdebstrap, git)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-fresh-"));
  let out = "";

  beforeAll(() => {
    const [checkout, cache] = [join(place, "checkout"), join(place, "cache")];
    execFileSync("git", ["-c", "safe.directory=*", "clone", "--quiet", repository, checkout]);
    rmSync(join(checkout, ".git"), { recursive: true });
    mkdirSync(cache);
    const kept = join(npmSays("cache"), "_cacache");
    const { status, stderr, ...said } = inMinimalRoot({
      packages: ["nodejs", "npm", "ca-certificates"],
      files: {
        [checkout]: "/isoline",
        ...(existsSync(kept) ? { [kept]: "/npm-cache/_cacache" } : { [cache]: "/npm-cache" }),
        ...(existsSync(CERTIFICATES) ? { [CERTIFICATES]: CERTIFICATES } : {}),
      },
      script: `export npm_config_registry=${npmSays("registry")}\n${SCRIPT}`,
    });
    if (status !== 0) throw new Error(`mmdebstrap ended with ${status}: ${stderr}${said.out}`);
    out = said.out;
  }, 1_500_000);
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("has npm 9 and no compiler", () => {
    expect(out).toMatch(/^v20\.19\.\d+\n9\./);
    expect(out).not.toContain("there is a compiler");
  });

  it("npm start tells the story to its end", () => {
    expect(out).toContain("The attacker received nothing");
    expect(out).toContain("npm start ended with 0");
  });

  it("npm test ends well, and what is skipped is named", () => {
    expect(out).toContain("system package missing: gcc (");
    expect(out).toContain("  skipped: bpf programs: the BPF programs are not compiled: clang-19 is not installed");
    expect(out).toMatch(/^\d+ passed, 0 failed, [1-9]\d* skipped\nnpm test ended with 0$/m);
  });
});
