/**
 * `npm run launch-host -- --key KEY.pub [-o FILE]`: builds the image of a launch host (docs/launch-host.md).
 *
 *   --key FILE           a public key whose signatures the image accepts; may stand several times
 *   -o FILE              where the image goes (default: dist/launch-host.efi)
 *   --contour FILE       the host's contour, from an earlier build; otherwise it is learnt, in a virtual machine
 *   --keep-contour FILE  where the contour that was learnt goes
 *   --learn NAME=FOLDER  an OCI image layout whose contour is learnt as well, and goes to NAME.contour beside the image
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { launchHost, sharedPart } from "./images/launch-host.mjs";
import { learnContours } from "./images/learn.mjs";
import { bootReference } from "./images/measure.mjs";
import { pushOf } from "./images/push.mjs";
import { manufactureTpm } from "./images/tpm.mjs";
import { repository } from "./run.mjs";

const { values } = parseArgs({
  options: {
    key: { type: "string", multiple: true, default: [] },
    output: { type: "string", short: "o", default: join(repository, "dist/launch-host.efi") },
    contour: { type: "string" },
    "keep-contour": { type: "string" },
    learn: { type: "string", multiple: true, default: [] },
  },
});
const { output } = values;
const keys = values.key.map((path) => readFileSync(path, "utf8"));
if (keys.length === 0 || !keys.every((key) => key.startsWith("-----BEGIN PUBLIC KEY-----")))
  throw new Error("expected --key with a public key in PEM; openssl pkey -in KEY -pubout writes one");

const shared = sharedPart();
const contour = values.contour === undefined ? await learn() : readFileSync(values.contour);
if (values["keep-contour"] !== undefined) writeFileSync(values["keep-contour"], contour);
const image = launchHost(shared, { contour, keys });
mkdirSync(dirname(resolve(output)), { recursive: true });
writeFileSync(output, image);
const { registers } = bootReference("launch-host", image);
console.log(`${output}\nPCR 4, SHA-256: ${registers[4]}\nPCR 11, SHA-256: ${registers[11]}`);

async function learn() {
  const place = mkdtempSync(join(tmpdir(), "isoline-launch-host-"));
  try {
    manufactureTpm(join(place, "tpm"));
    const layouts = values.learn.map((each) => {
      const [, name, folder] = /^([a-z0-9][a-z0-9-]*)=(.+)$/.exec(each) ?? [];
      if (name === undefined || folder === undefined) throw new Error(`expected --learn NAME=FOLDER, got ${each}`);
      const [{ digest }] = JSON.parse(readFileSync(join(folder, "index.json"), "utf8")).manifests;
      return { name, digest, push: pushOf(folder) };
    });
    const canisters = new Map(layouts.map(({ name, push }) => [name, push]));
    const learnt = await learnContours({ shared, tpm: join(place, "tpm"), canisters });
    for (const { name, digest } of layouts)
      writeFileSync(join(dirname(resolve(output)), `${name}.contour`), learnt.canisters.get(digest) ?? Buffer.alloc(0));
    return learnt.host;
  } finally {
    rmSync(place, { recursive: true, force: true });
  }
}
