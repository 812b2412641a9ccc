/** Unpacks archives with the system's own tools, into a directory that is removed afterwards. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CliError } from "../../error.ts";
import { type Tree, treeOf } from "./trees.ts";

/** Calls a function with an empty directory of this user alone. */
export function inScratch<T>(use: (directory: string) => T): T {
  const directory = mkdtempSync(join(tmpdir(), "isoline-update-"));
  try {
    return use(directory);
  } finally {
    // A package may hold directories that their owner may not write.
    spawnSync("chmod", ["-R", "u+rwX", directory], { stdio: "ignore" });
    rmSync(directory, { recursive: true, force: true });
  }
}

/** The files of a Debian package. */
export function debianTree(file: string): Tree {
  return inScratch((directory) => {
    runs("dpkg-deb", ["--extract", file, directory], file);
    return treeOf(directory);
  });
}

/** The files of a tar archive, compressed or not; `strip` components are cut off their paths. */
export function archiveTree(file: string, strip = 0): Tree {
  return inScratch((directory) => {
    const options = [
      "--no-same-owner",
      "--no-same-permissions",
      "--delay-directory-restore",
      `--strip-components=${strip}`,
    ];
    runs("tar", ["-x", "-f", file, "-C", directory, "--exclude=dev/*", ...options], file);
    return treeOf(directory);
  });
}

/** Fetches a package by `NAME=VERSION` from the package sources of this machine. */
export function fetchDebian(name: string, directory: string): void {
  runs("apt-get", ["download", "-q", name], name, directory);
}

function runs(program: string, args: readonly string[], about: string, cwd?: string): void {
  const { status, stderr, error } = spawnSync(program, args, {
    encoding: "utf8",
    cwd,
    stdio: ["ignore", "ignore", "pipe"],
  });
  if (status === 0) return;
  const why = error === undefined ? (stderr.trim().split("\n").at(-1) ?? "it failed") : error.message;
  throw new CliError("cannot-read", `${about}: ${program} could not unpack or fetch it: ${why.slice(0, 300)}`);
}
