/** The image of a machine that hosts engines: measured as predicted, and with nothing in it but the engine. */
import { describe, expect, it } from "vitest";
import { ENGINE_COMMAND_LINE, engineHost } from "../../tools/images/engine-host.mjs";
import { predictedPcr11 } from "../../tools/images/measure.mjs";
import { engineRoot } from "../../tools/images/root.mjs";
import { compressed } from "../../tools/images/uki.mjs";
import { unpackedRoot } from "../../tools/unpacked-packages.mjs";
import { missingToBuild } from "../launch-host/equipment.ts";
import { entriesOf, measuredBySystemd } from "../launch-host/inspect-image.ts";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";

const missing = missingToBuild() || (isBuilt ? "" : "a build");
const isPossible = isCI && missing === "";
const LIMIT_MS = 300_000;
const SENSOR = "-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n";

describe.skipIf(!isPossible)(
  `an image of an engine host${isPossible ? "" : ` (${isCI ? `needs ${missing}` : "only in CI"})`}`,
  () => {
    const root = isPossible ? engineRoot() : Buffer.alloc(0);
    const shared = isPossible ? compressed(root) : root;

    it.skipIf(unpackedRoot("systemd") === undefined)(
      "measures as systemd-measure predicts it, and otherwise with another sensor or command line",
      { timeout: LIMIT_MS },
      () => {
        const image = engineHost(shared, { sensors: [SENSOR] });
        expect(measuredBySystemd(image)).toContain(`11:sha256=${predictedPcr11(image)}`);
        const others = [
          engineHost(shared, { sensors: [SENSOR, SENSOR] }),
          engineHost(shared, { sensors: [SENSOR], commandLine: `${ENGINE_COMMAND_LINE} init=/x` }),
        ];
        expect(others.map(predictedPcr11)).not.toContain(predictedPcr11(image));
      },
    );

    it("holds Node, the engine's bundle, what that calls the kernel with, and nothing else", () => {
      const files = entriesOf(root).filter(({ mode }) => (mode & 0o170000) === 0o100000);
      const names = files.map(({ name }) => name);
      const modules = "usr/lib/isoline/node_modules/";
      expect(
        names.filter(
          (name) => !name.startsWith(modules) && !/^usr\/(lib64|lib\/x86_64-linux-gnu)\/[\w+.-]+\.so/.test(name),
        ),
      ).toEqual(["init", "etc/passwd", "etc/group", "usr/bin/node"]);
      expect(names.filter((name) => name.startsWith(`${modules}isoline/`)).sort()).toEqual(
        [
          "engine-machine-code.js",
          "engine-machine.js",
          "engine-thread-code.js",
          "engine-thread.js",
          "load.js",
          "package.json",
        ]
          .map((name) => `${modules}isoline/dist/bundle/${name}`)
          .concat(`${modules}isoline/package.json`),
      );
      expect(names.filter((name) => name.startsWith(modules) && !/\/(isoline|koffi|@koromix)\//.test(name))).toEqual(
        [],
      );
      expect(files.filter(({ mode }) => (mode & 0o6022) !== 0)).toEqual([]);
    });
  },
);
