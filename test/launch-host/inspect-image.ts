/** Images, looked at with other eyes than those that made them. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { measuredSections } from "../../packages/attest/src/boot/index.ts";
import { unpackedRoot } from "../../tools/unpacked-packages.mjs";

/** What `systemd-measure calculate` says of an image. */
export const measuredBySystemd = (image: Uint8Array): string => measuredParts(measuredSections(image));

/** What it says of sections, as they are in the file, after these phases of a boot. */
export function measuredParts(sections: Iterable<readonly [string, Uint8Array]>, phases = ""): string {
  const place = mkdtempSync(join(tmpdir(), "isoline-measure-"));
  try {
    const options = [...sections].map(([name, content]) => {
      writeFileSync(join(place, name), content);
      return `--${name.slice(1)}=${join(place, name)}`;
    });
    const library = join(unpackedRoot("libsystemd-shared") ?? "", "usr/lib/x86_64-linux-gnu/systemd");
    const program = join(unpackedRoot("systemd") ?? "", "usr/lib/systemd/systemd-measure");
    return execFileSync(program, ["calculate", ...options, "--bank=sha256", `--phase=${phases || ":"}`], {
      encoding: "utf8",
      env: { LD_LIBRARY_PATH: library },
      stdio: "pipe",
    });
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}

/** The entries of an archive in the form newc. */
export function entriesOf(archive: Buffer): { name: string; mode: number }[] {
  const found = [];
  for (let at = 0; ; ) {
    const field = (index: number) =>
      Number.parseInt(archive.toString("latin1", at + 6 + 8 * index, at + 14 + 8 * index), 16);
    const [mode, size, length] = [field(1), field(6), field(11)];
    const name = archive.toString("utf8", at + 110, at + 110 + length - 1);
    if (name === "TRAILER!!!") return found;
    found.push({ name, mode });
    at += Math.ceil((110 + length) / 4) * 4;
    at += Math.ceil(size / 4) * 4;
  }
}
