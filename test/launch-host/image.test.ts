/** The image of a launch host: the same twice, measured as predicted, and with nothing in it that it does not need. */
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { COMMAND_LINE, launchHost, sharedPart } from "../../tools/images/launch-host.mjs";
import { predictedPcr11, sectionsOf } from "../../tools/images/measure.mjs";
import { hostRoot } from "../../tools/images/root.mjs";
import { compressed } from "../../tools/images/uki.mjs";
import { unpackedRoot } from "../../tools/unpacked-packages.mjs";
import { isCI } from "../support/machine.ts";
import { missingToBuild } from "./equipment.ts";

const missing = missingToBuild();
/** A busy machine takes long to pack it. */
const LIMIT_MS = 600_000;
const why = missing === "" ? "only in CI" : `needs ${missing}`;

describe.skipIf(!isCI || missing !== "")(
  `an image of a launch host${isCI && missing === "" ? "" : ` (${why})`}`,
  () => {
    const place = mkdtempSync(join(tmpdir(), "isoline-image-"));
    afterAll(() => rmSync(place, { recursive: true, force: true }));
    const what = { contour: Buffer.from("a contour\n"), keys: ["a key\n"] };
    const root = isCI && missing === "" ? hostRoot() : Buffer.alloc(0);
    const image = root.length > 0 ? launchHost(compressed(root), what) : Buffer.alloc(0);

    it("is the same byte for byte when it is built again", { timeout: LIMIT_MS }, () => {
      expect(launchHost(sharedPart(), what).equals(image)).toBe(true);
    });

    it.skipIf(unpackedRoot("systemd") === undefined)(
      "measures as systemd-measure predicts it",
      { timeout: LIMIT_MS },
      () => {
        const options = [...sectionsOf(image)].flatMap(([name, content]) => {
          const option = {
            ".linux": "linux",
            ".osrel": "osrel",
            ".cmdline": "cmdline",
            ".initrd": "initrd",
            ".uname": "uname",
            ".sbat": "sbat",
          }[name];
          if (option === undefined) return [];
          writeFileSync(join(place, option), content);
          return [`--${option}=${join(place, option)}`];
        });
        const library = join(unpackedRoot("libsystemd-shared") ?? "", "usr/lib/x86_64-linux-gnu/systemd");
        const program = join(unpackedRoot("systemd") ?? "", "usr/lib/systemd/systemd-measure");
        const said = execFileSync(program, ["calculate", ...options, "--bank=sha256", "--phase=:"], {
          encoding: "utf8",
          env: { LD_LIBRARY_PATH: library },
        });
        expect(said).toContain(`11:sha256=${predictedPcr11(image)}`);
      },
    );

    it.each([
      ["its command line", { ...what, commandLine: `${COMMAND_LINE} init=/x` }],
      ["its contour", { ...what, contour: Buffer.from("a wider contour\n") }],
      ["the keys that it trusts", { ...what, keys: ["another key\n"] }],
    ])("measures otherwise with another of %s", (_, other) => {
      expect(predictedPcr11(launchHost(compressed(root), other))).not.toBe(predictedPcr11(image));
    });

    it("holds no shell, no program with rights of its own, no kernel module, and two programs beside init", () => {
      const names = namesIn(root);
      const programs = names.filter(({ name, mode }) => /^usr\/s?bin\//.test(name) && (mode & 0o170000) === 0o100000);
      expect(programs.map(({ name }) => name)).toEqual(["usr/bin/node", "usr/sbin/runc"]);
      expect(
        names.filter(({ name, mode }) => (mode & 0o6000) !== 0 || /\.ko|\/(ba|da)?sh$|busybox/.test(name)),
      ).toEqual([]);
      expect(names.filter(({ mode }) => (mode & 0o022) !== 0 && (mode & 0o170000) !== 0o120000)).toEqual([]);
    });
  },
);

/** The entries of an archive in the form newc, with an own eye for it. */
function namesIn(archive: Buffer): { name: string; mode: number }[] {
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
