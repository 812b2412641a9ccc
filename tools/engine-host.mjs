/**
 * `npm run engine-host -- --sensor-key KEY.pub [-o FILE]`: builds the image of a machine that hosts engines (docs/engine.md).
 *
 *   --sensor-key FILE   a public key (Ed25519) whose sensors it serves; may stand several times
 *   -o FILE             where the image goes (default: dist/engine-host.efi)
 *   --references FILE   where the registers go that its boot leaves, as reference values for a trust directory
 */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { engineHost, sharedEnginePart } from "./images/engine-host.mjs";
import { bootReference } from "./images/measure.mjs";
import { repository } from "./run.mjs";

const { values } = parseArgs({
  options: {
    "sensor-key": { type: "string", multiple: true, default: [] },
    output: { type: "string", short: "o", default: join(repository, "dist/engine-host.efi") },
    references: { type: "string" },
  },
});
const sensors = values["sensor-key"].map((path) => readFileSync(path, "utf8"));
if (sensors.length === 0 || !sensors.every((key) => key.startsWith("-----BEGIN PUBLIC KEY-----")))
  throw new Error("expected --sensor-key with a public key in PEM; openssl pkey -in KEY -pubout writes one");

const image = engineHost(sharedEnginePart(), { sensors });
mkdirSync(dirname(resolve(values.output)), { recursive: true });
writeFileSync(values.output, image);
const boot = bootReference("engine-host", image);
if (values.references !== undefined)
  writeFileSync(values.references, `${JSON.stringify({ references: 1, boots: [boot] }, undefined, 2)}\n`);
console.log(`${values.output}\nPCR 4, SHA-256: ${boot.registers[4]}\nPCR 11, SHA-256: ${boot.registers[11]}`);
