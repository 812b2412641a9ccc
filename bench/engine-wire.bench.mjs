/** An engine at the other end of a wire against one beside the sensor: a new event, and a known one. */
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Contour } from "@isoline/core/contour";
import { sha256, ZERO_DIGEST } from "@isoline/core/digest";
import { SUPERVISOR } from "@isoline/core/engine";
import { canonicalPolicy, DEFAULT_POLICY, deriveTask } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { measuredMachines } from "../packages/isoline/dist/attest/trust/engine-machines.js";
import { DistantModel } from "../packages/isoline/dist/namespace/distant-model.js";
import { OwnModel } from "../packages/isoline/dist/namespace/own-model.js";
import { engineHost, sharedEnginePart } from "../tools/images/engine-host.mjs";
import { powerOn } from "../tools/images/machine.mjs";
import { manufactureTpm } from "../tools/images/tpm.mjs";
import { Verifier } from "../tools/images/verifier.mjs";
import { unpackedRoot } from "../tools/unpacked-packages.mjs";
import { comparison } from "./harness/comparison.mjs";
import { inTurn } from "./harness/contest.mjs";

const NEW = 500;
/** An emulated processor is some thirty times as slow. */
const NEW_IN_MACHINE = 100;
const IN_MACHINE = "over virtio-serial, in an emulated machine";
const LIMIT_SECONDS = 900;
const KNOWN = 100_000;
const BESIDE = "beside the sensor";
const program = fileURLToPath(new URL("../packages/isoline/bin/isoline", import.meta.url));

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "an engine behind a wire",
  method: `A sensor that learns asks about ${NEW} events that were never seen (${NEW_IN_MACHINE} of an engine in a machine), then tells of a
known one ${KNOWN} times. The engine is another process (isoline engine serve) on this machine, or the image of an engine host in QEMU
without KVM. Median time of one event, with the levelling of the sensor left out.`,

  async run(session) {
    session.skip(
      "vsock",
      "the other end of it is a virtual machine, and this machine has no /dev/vhost-vsock or no guest of its own",
    );
    const engines = [await Engine.start("over a Unix socket", (place) => `unix:${join(place, "socket")}`)];
    const machine = await machineEngine(session);
    const models = {
      [BESIDE]: own,
      ...Object.fromEntries(engines.map((engine) => [engine.name, () => engine.model()])),
      ...(machine === undefined ? {} : { [IN_MACHINE]: () => machine.model() }),
    };
    const options = { rounds: session.rounds(15, 3), warmups: 1 };
    const count = (/** @type {string} */ name) => (name === IN_MACHINE ? NEW_IN_MACHINE : NEW);
    try {
      const fresh = Object.fromEntries(
        Object.entries(models).map(([name, make]) => [name, () => newEvents(make(), count(name))]),
      );
      const known = Object.fromEntries(Object.entries(models).map(([name, make]) => [name, () => knownEvents(make())]));
      return [
        comparison({ what: "new event", unit: "µs", figures: await inTurn(fresh, options), against: BESIDE }),
        comparison({ what: "known event", unit: "ns", figures: await inTurn(known, options), against: BESIDE }),
      ];
    } finally {
      for (const engine of engines) await engine.end();
      await machine?.end();
    }
  },
};

/** An engine in a measured machine, where what it takes to boot one is here. @param {import("./harness/session.mjs").Session} session */
async function machineEngine(session) {
  const programs = ["qemu-system-x86_64", "swtpm", "swtpm_setup", "setpriv", "zstd", "gcc", "/usr/bin/ukify"];
  if (!session.has(IN_MACHINE, ...programs, "/usr/share/OVMF/OVMF_CODE_4M.fd")) return undefined;
  if (unpackedRoot("linux-image-amd64") === undefined) {
    session.skip(IN_MACHINE, "needs linux-image-amd64, unpacked by npm test");
    return undefined;
  }
  const { publicKey: open, privateKey } = generateKeyPairSync("ed25519");
  const tpm = session.folder("engine-host");
  const verifier = new Verifier();
  manufactureTpm(tpm);
  await verifier.enrol(tpm);
  const sensors = [open.export({ type: "spki", format: "pem" }).toString()];
  const image = engineHost(sharedEnginePart(), { sensors });
  verifier.expectBoot(image);
  const machine = await powerOn({ image, tpm, limitSeconds: LIMIT_SECONDS }, "isoline.engine");
  await machine.said("engine: listening");
  const plan = {
    address: `unix:${machine.socket}`,
    proves: await measuredMachines(verifier.trust),
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    milliseconds: 60_000,
  };
  return {
    model: () => distant(plan),
    end: async () => {
      await machine.stop();
      verifier.close();
    },
  };
}

/** @typedef {{ engine: import("@isoline/core/engine").EnginePort, close: () => void }} Measured */

/** @returns {Measured} */
function own() {
  return { engine: new OwnModel({ contour: empty(), policy: DEFAULT_POLICY, mode: "learn" }).engine, close: () => {} };
}

const empty = () => Contour.create({ profile: iso1, policy: canonicalPolicy(DEFAULT_POLICY) });

/** @param {import("../packages/isoline/dist/namespace/plan.js").EnginePlan} plan @returns {Measured} */
function distant(plan) {
  const beginning = { contour: empty(), policy: DEFAULT_POLICY, mode: /** @type {const} */ ("learn"), isNew: true };
  const model = DistantModel.open(plan, beginning, () => {});
  return { engine: model.engine, close: () => model.close() };
}

class Engine {
  /** @param {string} name @param {string} address @param {string} place @param {import("node:child_process").ChildProcess} child */
  constructor(name, address, place, child) {
    this.name = name;
    this.address = address;
    this.place = place;
    this.child = child;
  }

  /** @param {string} name @param {(place: string) => string} addressIn */
  static async start(name, addressIn) {
    const place = mkdtempSync(join(tmpdir(), "isoline-bench-"));
    for (const end of ["engine", "sensor"]) {
      const { publicKey, privateKey } = generateKeyPairSync("ed25519");
      writeFileSync(join(place, `${end}.pem`), privateKey.export({ type: "pkcs8", format: "pem" }));
      writeFileSync(join(place, `${end}.pub`), publicKey.export({ type: "spki", format: "pem" }));
    }
    const address = addressIn(place);
    const keys = ["--key", join(place, "engine.pem"), "--sensor-key", join(place, "sensor.pub")];
    const child = spawn(program, ["engine", "serve", "--listen", address, ...keys], {
      stdio: ["ignore", "ignore", "pipe"],
    });
    await once(/** @type {import("node:stream").Readable} */ (child.stderr), "data");
    child.stderr?.resume();
    return new Engine(name, address, place, child);
  }

  /** @returns {Measured} */
  model() {
    const { address, place } = this;
    return distant({
      address,
      proves: [{ name: "engine", pem: readFileSync(join(place, "engine.pub"), "utf8") }],
      key: readFileSync(join(place, "sensor.pem"), "utf8"),
      milliseconds: 5000,
    });
  }

  async end() {
    const ended = once(this.child, "exit");
    this.child.kill();
    await ended;
    rmSync(this.place, { recursive: true, force: true });
  }
}

/** @param {Measured} measured @param {number} count @returns {number} µs an event */
function newEvents({ engine, close }, count) {
  engine.trust.born(1, SUPERVISOR);
  const begun = performance.now();
  for (let index = 0; index < count; index++) engine.judge(eventAt(index), circumstances);
  const taken = performance.now() - begun;
  close();
  return (taken * 1000) / count;
}

/** @param {Measured} measured @returns {number} ns an event */
function knownEvents({ engine, close }) {
  engine.trust.born(1, SUPERVISOR);
  const { known } = engine.judge(eventAt(0), circumstances);
  const begun = performance.now();
  for (let index = 0; index < KNOWN; index++) engine.repeat(known, 1, index);
  const taken = performance.now() - begun;
  close();
  return (taken * 1e6) / KNOWN;
}

const task = deriveTask(ZERO_DIGEST, [{ path: "/usr/bin/node", digest: sha256(Buffer.from("node")) }]);
const ids = { uid: 1000, euid: 1000, suid: 1000, fsuid: 1000, gid: 1000, egid: 1000, sgid: 1000, fsgid: 1000 };
const actor = { task: task.id, parent: task.parent, credentials: { ...ids, capabilities: 0n } };
const circumstances = { sequence: 1, process: 1, pid: 1, chain: ["node"], task };

/** @param {number} index @returns {import("@isoline/core/event").Event} */
function eventAt(index) {
  const path = `/srv/project/node_modules/package-${index % 997}/lib/file-${index}.js`;
  return { op: "open", actor, subject: { access: "read", path, mode: 0o100644, uid: 1000, gid: 1000, fs: "disk" } };
}
