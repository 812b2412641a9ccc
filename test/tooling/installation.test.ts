import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { nodeTooOld, staleInstallation } from "../../tools/install.mjs";
import { present } from "../../tools/run.mjs";
import { missingPackages, systemPackages } from "../../tools/system-packages.mjs";

describe("the installation", () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "isoline-install-"));
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const write = (file: string, packages: object) => {
    mkdirSync(dirname(join(root, file)), { recursive: true });
    writeFileSync(join(root, file), JSON.stringify({ packages }));
  };
  const a = { version: "1.0.0", integrity: "sha512-a" };
  const lock = (packages: object) => write("package-lock.json", { "": {}, ...packages });
  const here = (packages: object) => write("node_modules/.package-lock.json", packages);

  it("is fresh when it matches the lockfile", () => {
    lock({ "node_modules/a": a, "packages/a": { version: "0.1.0" } });
    here({ "node_modules/a": a });
    expect(staleInstallation(root)).toBeUndefined();
  });

  it("is stale when nothing is installed", () => {
    lock({ "node_modules/a": a });
    expect(staleInstallation(root)).toBe("nothing is installed yet");
  });

  it.each([
    ["missing", {}, "node_modules/a is missing"],
    ["older", { "node_modules/a": { ...a, version: "0.9.0" } }, "node_modules/a is 0.9.0, the lockfile says 1.0.0"],
    ["of different content", { "node_modules/a": { ...a, integrity: "sha512-b" } }, /^node_modules\/a is 1\.0\.0/],
    ["not in the lockfile", { "node_modules/a": a, "node_modules/b": a }, "node_modules/b is not in the lockfile"],
  ])("is stale when a package is %s", (_how, installed, reason) => {
    lock({ "node_modules/a": a });
    here(installed);
    expect(staleInstallation(root)).toMatch(reason);
  });

  it("may lack the native package for another platform, but not the one for this", () => {
    lock({ "node_modules/a": { ...a, optional: true, os: ["nowhere"] } });
    here({});
    expect(staleInstallation(root)).toBeUndefined();
    lock({ "node_modules/a": { ...a, optional: true, os: [process.platform], cpu: [process.arch] } });
    expect(staleInstallation(root)).toBe("node_modules/a is missing");
  });
});

describe("the oldest Node", () => {
  it.each(["18.20.0", "20.18.3"])("refuses %s", (version) =>
    expect(nodeTooOld(version)).toMatch(/Node 20\.19 or newer/),
  );
  it.each(["20.19.0", "22.1.0", "24.0.0"])("takes %s", (version) => expect(nodeTooOld(version)).toBeUndefined());
});

describe("the system packages", () => {
  it("are each listed with a probe and a purpose", () => {
    const all = systemPackages();
    expect(all.map(({ name }) => name)).toContain("redis-server");
    for (const { name, probe, why } of all) expect([name, probe, why].every((part) => part.length > 1)).toBe(true);
  });

  it("are missing when their probe finds nothing", () => {
    const gone = { name: "gone", probe: "no-such-program-anywhere", why: "none" };
    const there = { name: "there", probe: "sh", why: "none" };
    const file = { name: "file", probe: "/no/such/file", why: "none" };
    const folder = { name: "no-such-package", probe: "unpacked", why: "none" };
    expect(missingPackages([gone, there, file, folder])).toEqual([gone, file, folder]);
    expect(present("sh")).toBe(true);
  });
});
