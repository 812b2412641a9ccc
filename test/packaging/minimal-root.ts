/** A minimal root of Debian 13, made for one script and removed after it. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isCI, isRoot } from "../support/machine.ts";

export const has = (program: string) => spawnSync(program, ["--version"], { stdio: "ignore" }).status === 0;
/** The source of this machine's Debian packages. */
const SOURCES = "/etc/apt/sources.list.d/debian.sources";
/** A root takes a minute and packages from a registry, so it is made only in CI. */
export const mayBootstrap = isCI && isRoot && has("mmdebstrap") && existsSync(SOURCES);

export interface Visit {
  /** Packages beside apt and what it needs. */
  readonly packages: readonly string[];
  /** What is copied in: from here, to there. */
  readonly files: Readonly<Record<string, string>>;
  /** Run by `sh` as root inside. */
  readonly script: string;
}

/** Makes the root and runs the script in it. How mmdebstrap ended, and isCI that the script printed. */
export function inMinimalRoot({ packages, files, script }: Visit): {
  status: number | null;
  stderr: string;
  out: string;
} {
  const place = mkdtempSync(join(tmpdir(), "isoline-root-"));
  try {
    const [use, said] = [join(place, "use.sh"), join(place, "said")];
    writeFileSync(use, script);
    const copies = Object.entries({ ...files, [use]: "/use.sh" }).map(
      ([from, to]) => `--customize-hook=mkdir -p "$(dirname "$1${to}")"; cp -a "${from}" "$1${to}"`,
    );
    const { status, stderr } = spawnSync(
      "mmdebstrap",
      [
        ...["--variant=apt", `--include=${packages.join(",")}`, "--quiet"],
        ...networkOptions(),
        ...copies,
        `--customize-hook=echo a-host >"$1/etc/hostname"; chroot "$1" sh /use.sh >"${said}" 2>&1`,
        ...["trixie", "/dev/null", SOURCES],
      ],
      { encoding: "utf8" },
    );
    return { status, stderr, out: existsSync(said) ? readFileSync(said, "utf8") : "" };
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** How this machine reaches its registry of Debian packages: proxies, retries, methods. */
function networkOptions(): string[] {
  return execFileSync("apt-config", ["dump"], { encoding: "utf8" })
    .split("\n")
    .filter((line) => /^Acquire::(http|https|Retries)\b.*"[^"]+";$/.test(line))
    .map((line) => `--aptopt=${line}`);
}
