/** A contour is rewritten for a new version of what it runs: the next run is on contour, and what could not be foreseen is said. */
import { createHash } from "node:crypto";
import { spawnSync } from "node:child_process";
import {
  cpSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";

let place = "";
const at = (...names: readonly string[]) => join(place, ...names);
const run = (...args: readonly string[]) => isoline([...args], { cwd: place });
const has = (program: string) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;

/** A program that is another file in each version, and does the same. */
function program(path: string, version: string): void {
  copyFileSync("/bin/cat", path);
  writeFileSync(path, Buffer.concat([readFileSync(path), Buffer.from(version)]));
}

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "isoline-update-test-"));
  for (const version of ["old", "new"]) {
    mkdirSync(at(version));
    program(at(version, "show"), version);
  }
  mkdirSync(at("live"));
  writeFileSync(at("data"), "1");
});
afterEach(() => rmSync(place, { recursive: true, force: true }));

const install = (version: string) => cpSync(at(version), at("live"), { recursive: true, verbatimSymlinks: true });
const command = ["--", "sh", "-c", "live/show data > /dev/null; sh -c 'live/show data; true' > /dev/null"];
const learns = (...more: readonly string[]) => run("learn", "-q", ...more, "-o", "a.contour", ...command);
const checks = () => run("check", "a.contour", ...command);

describe.skipIf(!isBuilt)("updating a contour (needs a build)", () => {
  it("between two directories makes the new version on contour, and the old one off", async () => {
    install("old");
    await learns();
    const updated = await run("update", "a.contour", "--from", "old", "--to", "new");
    expect(updated.status).toBe(0);
    expect(updated.stdout).toMatch(/content {2}\$CWD\/live\/show {2}[0-9a-f]{12} → [0-9a-f]{12}/);
    expect((await checks()).status).toBe(3);
    install("new");
    expect((await checks()).status).toBe(0);
  });

  it("permits both versions where that is asked for, and writes nothing in a dry run", async () => {
    install("old");
    await learns();
    const before = readFileSync(at("a.contour"));
    await run("update", "a.contour", "--from", "old", "--to", "new", "--dry-run");
    expect(readFileSync(at("a.contour"))).toEqual(before);
    await run("update", "a.contour", "--from", "old", "--to", "new", "--both");
    expect((await checks()).status).toBe(0);
    install("new");
    expect((await checks()).status).toBe(0);
  });

  it("keeps the evidence: the runs saw the acts, whatever the program's content is now", async () => {
    install("old");
    await learns();
    await learns("--merge");
    await run("update", "a.contour", "--from", "old", "--to", "new");
    expect((await run("prune", "a.contour", "--runs", "2")).stderr).toMatch(
      /0 of \d+ points not seen in the last 2 runs/,
    );
  });

  it("says what it could not predict: another content than the old version's, and what the new version lacks", async () => {
    install("new");
    await learns();
    const other = await run("update", "a.contour", "--from", "old", "--to", "old");
    expect(other.stderr).toContain("$CWD/live/show has another content on the contour than in the old version");
    expect(other.status).toBe(1);
    mkdirSync(at("empty"));
    const gone = await run("update", "a.contour", "--from", "new", "--to", "empty", "--json");
    expect(JSON.parse(gone.stdout)).toMatchObject({
      predicted: [],
      unpredicted: ["$CWD/live/show is not in the new version"],
    });
    expect(gone.status).toBe(1);
  });

  it("follows a link from one file to the next version's", async () => {
    for (const [version, name] of [
      ["old", "show.1"],
      ["new", "show.2"],
    ] as const) {
      rmSync(at(version, "show"));
      program(at(version, name), version);
      symlinkSync(name, at(version, "show"));
    }
    install("old");
    await learns();
    const { stdout } = await run("update", "a.contour", "--from", "old", "--to", "new");
    expect(stdout).toContain("$CWD/live/show.1 → $CWD/live/show.2");
    rmSync(at("live"), { recursive: true });
    install("new");
    expect((await checks()).status).toBe(0);
  });

  it.skipIf(!has("dpkg-deb"))("reads Debian packages (needs dpkg-deb)", async () => {
    for (const [version, number] of [
      ["old", "1"],
      ["new", "2"],
    ] as const) {
      mkdirSync(at(`${version}.d`, "DEBIAN"), { recursive: true });
      mkdirSync(at(`${version}.d`, "live"));
      cpSync(at(version), at(`${version}.d`, "live"), { recursive: true });
      const control = [
        "Package: show",
        `Version: ${number}`,
        "Architecture: all",
        "Maintainer: M <m@m.example>",
        "Description: d",
        "",
      ];
      writeFileSync(at(`${version}.d`, "DEBIAN", "control"), control.join("\n"));
      expect(spawnSync("dpkg-deb", ["-b", at(`${version}.d`), at(`${version}.deb`)]).status).toBe(0);
    }
    install("old");
    await learns();
    expect((await run("update", "a.contour", "--from", "old.deb", "--to", "new.deb")).status).toBe(0);
    install("new");
    expect((await checks()).status).toBe(0);
    const bad = await run("update", "a.contour", "--from", "old.deb", "--to", "data");
    expect([bad.status, bad.stderr.split("\n").length]).toEqual([2, 3]);
  });

  it("reads images in an OCI layout, layer by layer, and refuses one that is not what its digest says", async () => {
    const layouts = { old: layout("old", ["old"]), new: layout("new", ["old", "new"]) };
    install("old");
    await learns();
    expect((await run("update", "a.contour", "--from", layouts.old, "--to", layouts.new)).status).toBe(0);
    install("new");
    expect((await checks()).status).toBe(0);
    const [directory = "", digest = ""] = layouts.new.split("@sha256:");
    writeFileSync(join(directory, "blobs/sha256", digest), "{}");
    const bad = await run("update", "a.contour", "--from", layouts.old, "--to", layouts.new);
    expect(bad.stderr).toContain("its content is not what its digest says");
  });

  it("reads npm lockfiles, and says which package is not in the cache", async () => {
    const packed = { old: pack("old"), new: pack("new") };
    rmSync(at("live"), { recursive: true });
    mkdirSync(at("node_modules"));
    cpSync(at("old"), at("node_modules/show"), { recursive: true });
    symlinkSync("node_modules/show", at("live"));
    await learns();
    const update = (from: string, to: string) =>
      run("update", "a.contour", "--from", from, "--to", to, "--npm-cache", "cache");
    const updated = await update(packed.old, packed.new);
    expect(updated.status).toBe(0);
    cpSync(at("new"), at("node_modules/show"), { recursive: true });
    expect((await checks()).status).toBe(0);
    rmSync(at("cache"), { recursive: true });
    const uncached = await update(packed.new, packed.old);
    expect(uncached.stderr).toContain("node_modules/show old is not in npm's cache (npm cache add show@old)");
    expect(uncached.status).toBe(1);
  });
});

/** An OCI layout whose image has these versions, one over the other, in `/live`. */
function layout(name: string, versions: readonly string[]): string {
  const directory = at(`${name}.image`);
  mkdirSync(join(directory, "blobs/sha256"), { recursive: true });
  writeFileSync(join(directory, "oci-layout"), '{"imageLayoutVersion":"1.0.0"}');
  const blob = (bytes: Buffer) => {
    const digest = createHash("sha256").update(bytes).digest("hex");
    writeFileSync(join(directory, "blobs/sha256", digest), bytes);
    return { digest: `sha256:${digest}`, size: bytes.length };
  };
  const layers = versions.map((version) => {
    const { stdout } = spawnSync("tar", ["-cz", "--transform", "s,^,live/,", "-C", at(version), "show"], {
      maxBuffer: 1 << 26,
    });
    return blob(stdout);
  });
  const manifest = blob(Buffer.from(JSON.stringify({ schemaVersion: 2, layers })));
  writeFileSync(join(directory, "index.json"), JSON.stringify({ manifests: [manifest] }));
  return `${directory}@${manifest.digest}`;
}

/** Puts a package into npm's cache, and writes a lockfile that has it. */
function pack(version: string): string {
  const { stdout } = spawnSync("tar", ["-cz", "--transform", "s,^,package/,", "-C", at(version), "show"], {
    maxBuffer: 1 << 26,
  });
  const digest = createHash("sha512").update(stdout).digest();
  const hex = digest.toString("hex");
  const directory = at("cache/_cacache/content-v2/sha512", hex.slice(0, 2), hex.slice(2, 4));
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, hex.slice(4)), stdout);
  const packages = { "": {}, "node_modules/show": { version, integrity: `sha512-${digest.toString("base64")}` } };
  writeFileSync(at(`${version}-lock.json`), JSON.stringify({ lockfileVersion: 3, packages }));
  return at(`${version}-lock.json`);
}
