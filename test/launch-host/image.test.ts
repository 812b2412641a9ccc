/** The image of a launch host: the same twice, measured as predicted, and with nothing in it that it does not need. */
import { describe, expect, it } from "vitest";
import { COMMAND_LINE, launchHost, sharedPart } from "../../tools/images/launch-host.mjs";
import { predictedPcr11 } from "../../tools/images/measure.mjs";
import { hostRoot } from "../../tools/images/root.mjs";
import { compressed } from "../../tools/images/uki.mjs";
import { unpackedRoot } from "../../tools/unpacked-packages.mjs";
import { isCI } from "../support/machine.ts";
import { missingToBuild } from "./equipment.ts";
import { entriesOf, measuredBySystemd } from "./inspect-image.ts";

const missing = missingToBuild();
/** A busy machine takes long to pack it. */
const LIMIT_MS = 600_000;
const why = missing === "" ? "only in CI" : `needs ${missing}`;

describe.skipIf(!isCI || missing !== "")(
  `an image of a launch host${isCI && missing === "" ? "" : ` (${why})`}`,
  () => {
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
        expect(measuredBySystemd(image)).toContain(`11:sha256=${predictedPcr11(image)}`);
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
      const names = entriesOf(root);
      const programs = names.filter(({ name, mode }) => /^usr\/s?bin\//.test(name) && (mode & 0o170000) === 0o100000);
      expect(programs.map(({ name }) => name)).toEqual(["usr/bin/node", "usr/sbin/runc"]);
      expect(
        names.filter(({ name, mode }) => (mode & 0o6000) !== 0 || /\.ko|\/(ba|da)?sh$|busybox/.test(name)),
      ).toEqual([]);
      expect(names.filter(({ mode }) => (mode & 0o022) !== 0 && (mode & 0o170000) !== 0o120000)).toEqual([]);
    });
  },
);
