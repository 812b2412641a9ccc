/** A launch host, from power to the first canister that a verifier affirms. */
import { generateKeyPairSync } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { layoutOf, signedPush } from "../tools/images/image-layout.mjs";
import { launchHost, sharedPart } from "../tools/images/launch-host.mjs";
import { learnContours, readied } from "../tools/images/learn.mjs";
import { boot } from "../tools/images/machine.mjs";
import { tar } from "../tools/images/push.mjs";
import { manufactureTpm } from "../tools/images/tpm.mjs";
import { Verifier } from "../tools/images/verifier.mjs";
import { unpackedRoot } from "../tools/unpacked-packages.mjs";
import { comparison } from "./harness/comparison.mjs";

const LIMIT_SECONDS = 900;

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "launch host → first affirmed canister, in an emulated machine",
  method: `QEMU without KVM, two processors, OVMF, swtpm with one bank of registers. The clock starts when QEMU is started. "agent" is the
agent's first answer, "canister" the first line of a pushed canister (busybox), "affirmed" the verdict on its evidence.`,

  async run(session) {
    const programs = ["qemu-system-x86_64", "swtpm", "swtpm_setup", "setpriv", "zstd", "gcc", "runc", "/usr/bin/ukify"];
    if (!session.has("everything", ...programs, "/usr/share/OVMF/OVMF_CODE_4M.fd")) return [];
    const busybox = join(unpackedRoot("busybox-static") ?? "/nowhere", "usr/bin/busybox");
    if (!existsSync(busybox) || unpackedRoot("linux-image-amd64") === undefined) {
      session.skip("everything", "needs linux-image-amd64 and busybox-static, unpacked by npm test");
      return [];
    }
    const tpm = session.folder("launch-host");
    const verifier = new Verifier();
    manufactureTpm(tpm);
    await verifier.enrol(tpm);
    const shared = sharedPart();
    const layout = layoutOf([tar([["busybox", readFileSync(busybox), 0o755]])], {
      Entrypoint: ["/busybox", "sh", "-c", "echo ready; exec /busybox sleep 100000"],
    });
    const learnt = await learnContours({ shared, tpm, canisters: new Map([["web", tar(layout.files)]]) });
    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    const key = publicKey.export({ type: "spki", format: "pem" }).toString();
    const contour = learnt.canisters.get(layout.digest) ?? Buffer.alloc(0);
    const image = launchHost(shared, { contour: learnt.host, keys: [key] });
    verifier.expect(image, [learnt.host, contour], key);
    const push = signedPush(layout, contour, privateKey);
    /** @type {Record<string, number[]>} */
    const figures = { agent: [], canister: [], affirmed: [] };
    for (let round = 0; round < session.rounds(3, 1); round++) {
      const started = performance.now();
      const lap = (/** @type {string} */ what) => figures[what]?.push((performance.now() - started) / 1000);
      const { port, stop } = await boot({ image, tpm, limitSeconds: LIMIT_SECONDS });
      try {
        lap("agent");
        await port.ask(`push web ${push.length}`, push);
        await readied(port, "web");
        lap("canister");
        const challenge = verifier.challenge();
        const { status, failed } = verifier.verdictOn(await port.ask(`evidence ${challenge}`), challenge);
        if (status !== "affirming") throw new Error(`expected the host to be affirmed, got ${failed.join("; ")}`);
        lap("affirmed");
      } finally {
        await stop();
      }
    }
    verifier.close();
    return [comparison({ what: "since power on", unit: "s", figures })];
  },
};
