/** `npm run release` in a scratch clone: a dry run changes nothing, and a real one leaves a commit, a tag and files that agree. */
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isCI } from "../support/machine.ts";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const hasHistory = existsSync(join(repository, ".git")) && spawnSync("git", ["--version"]).status === 0;
/** A real run builds everything and installs the tarballs, so it runs only in CI. */
const VERSION = "99.0.0";
const { version: now } = JSON.parse(readFileSync(join(repository, "packages/isoline/package.json"), "utf8")) as {
  version: string;
};

describe.skipIf(!hasHistory)("a release (needs git and this repository's history)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-release-test-"));
  const clone = join(place, "clone");
  const git = (...words: string[]) => execFileSync("git", words, { cwd: clone, encoding: "utf8", env }).trim();
  /** Independent of the owner of the repository and of the user's own configuration. */
  const env = {
    ...process.env,
    GIT_CONFIG_GLOBAL: "/dev/null",
    GIT_CONFIG_COUNT: "3",
    GIT_CONFIG_KEY_0: "safe.directory",
    GIT_CONFIG_VALUE_0: "*",
    GIT_CONFIG_KEY_1: "user.name",
    GIT_CONFIG_VALUE_1: "A Tester",
    GIT_CONFIG_KEY_2: "user.email",
    GIT_CONFIG_VALUE_2: "tester@example.invalid",
  };
  const release = (...words: string[]) => {
    const options = { cwd: clone, encoding: "utf8", env, timeout: 500_000 } as const;
    const { status, stdout, stderr } = spawnSync(process.execPath, ["tools/release.mjs", ...words], options);
    return { status, said: stdout + stderr };
  };
  /** Everything that a release may change. */
  const state = () => ({
    head: git("rev-parse", "HEAD"),
    tags: git("tag", "--list"),
    changed: git("status", "--porcelain", "--ignored"),
  });
  const changelog = () => readFileSync(join(clone, "CHANGELOG.md"), "utf8");

  beforeAll(() => {
    execFileSync("git", ["clone", "--quiet", repository, clone], { env });
    writeFileSync(
      join(clone, "CHANGELOG.md"),
      "# Changelog\n\n## [Unreleased]\n\n- Something new.\n\n## [0.0.1] — 2020-01-01\n\n- Something old.\n",
    );
    git("commit", "--quiet", "--all", "-m", "Something to release");
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("without --really is only printed, and changes nothing", () => {
    const before = state();
    const { status, said } = release(VERSION);
    expect(status).toBe(0);
    for (const path of ["core", "attest", "log", "linux", "dashboard", "verifier", "isoline"].map(
      (name) => `packages/${name}/package.json`,
    ))
      expect(said).toContain(`would change ${path}: version ${now} becomes ${VERSION}`);
    expect(said).toContain(`would make commit and tag v${VERSION}`);
    expect(said).toContain("nothing was changed");
    expect(state()).toEqual(before);
  });

  it.each([
    [[], /expected a version such as/],
    [["v1"], /expected a version such as .*, got "v1"/],
    [["0.0.0"], /expected a version after .* got "0\.0\.0"/],
    [[VERSION, "--realy"], /expected VERSION \[--really\], got --realy/],
  ])("is refused: %j", (words, says) => {
    const before = state();
    const { status, said } = release(...words, "--really");
    expect(status).toBe(1);
    expect(said).toMatch(says);
    expect(state()).toEqual(before);
  });

  it("is refused with uncommitted changes, an existing tag, or an empty changelog", () => {
    const said = (version: string) => release(version, "--really");
    writeFileSync(join(clone, "notes.txt"), "");
    expect(said(VERSION)).toMatchObject({ status: 1, said: expect.stringMatching(/uncommitted changes/) as string });
    rmSync(join(clone, "notes.txt"));
    git("tag", "v98.0.0");
    expect(said("98.0.0")).toMatchObject({
      status: 1,
      said: expect.stringMatching(/v98\.0\.0 exists already/) as string,
    });
    git("tag", "--delete", "v98.0.0");
    const before = changelog();
    writeFileSync(join(clone, "CHANGELOG.md"), before.replace("- Something new.\n", ""));
    expect(said(VERSION)).toMatchObject({
      status: 1,
      said: expect.stringMatching(/has nothing in its unreleased section/) as string,
    });
    writeFileSync(join(clone, "CHANGELOG.md"), before.replace("[Unreleased]", "[Unreleased] — 98.0.0"));
    expect(said(VERSION)).toMatchObject({ status: 1, said: expect.stringMatching(/98\.0\.0 comes next/) as string });
    writeFileSync(join(clone, "CHANGELOG.md"), before);
  });

  it.skipIf(!isCI)("makes a commit, a tag, tarballs, an SBOM and checksums (CI)", { timeout: 600_000 }, () => {
    cpSync(join(repository, "node_modules"), join(clone, "node_modules"), { recursive: true, verbatimSymlinks: true });
    const before = git("rev-parse", "HEAD");
    const { status, said } = release(VERSION, "--really");
    expect({ status, said }).toMatchObject({ status: 0 });

    expect(git("rev-parse", "HEAD~1")).toBe(before);
    expect(git("status", "--porcelain")).toBe("");
    expect(git("cat-file", "-t", `v${VERSION}`)).toBe("tag");
    expect(git("rev-parse", `v${VERSION}^{commit}`)).toBe(git("rev-parse", "HEAD"));
    expect(git("tag", "--list", "--format=%(contents)", `v${VERSION}`)).toContain("Something new.");
    expect(changelog()).toMatch(/## \[Unreleased\]\n\n## \[99\.0\.0\] — \d{4}-\d\d-\d\d\n\n- Something new\.\n/);

    const folder = join(clone, "dist/release", VERSION);
    const tarballs = ["", "-attest", "-core", "-dashboard", "-linux", "-log", "-verifier"].map(
      (name) => `isoline${name}-${VERSION}.tgz`,
    );
    const bill = `isoline-${VERSION}.cdx.json`;
    expect(readdirSync(folder).sort()).toEqual(["SHA256SUMS", ...tarballs, bill].sort());
    expect(execFileSync("sh", ["-c", "sha256sum --check SHA256SUMS"], { cwd: folder, encoding: "utf8" })).not.toContain(
      "FAILED",
    );
    const packed = execFileSync("tar", ["xzOf", tarballs[0] as string, "package/package.json"], { cwd: folder });
    expect(JSON.parse(packed.toString("utf8"))).toMatchObject({
      version: VERSION,
      dependencies: Object.fromEntries(["attest", "core", "linux", "log"].map((name) => [`@isoline/${name}`, VERSION])),
      peerDependencies: { "@isoline/verifier": VERSION },
    });
    const text = readFileSync(join(folder, bill), "utf8");
    const { bomFormat, components } = JSON.parse(text) as {
      bomFormat: string;
      components: { name: string; version: string }[];
    };
    expect(bomFormat).toBe("CycloneDX");
    const names = components.map(({ name }) => name);
    expect(names).toEqual(
      expect.arrayContaining([
        "isoline",
        "@isoline/attest",
        "@isoline/core",
        "@isoline/linux",
        "@isoline/log",
        "koffi",
        "commander",
        "yaml",
      ]),
    );
    expect(components.find(({ name }) => name === "isoline")?.version).toBe(VERSION);
    expect(text).not.toContain(tmpdir() + "/");
  });
});
