/** What a part of the benchmark stands on: a folder with keys and a certificate, databases, verifiers, nodes and their load. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { openStore } from "../../packages/verifier/dist/store/index.js";
import { repository } from "../../tools/run.mjs";
import { Generators } from "./generators.mjs";
import { Verifier } from "./verifier.mjs";

/** Each kind of evidence has its tenant, and each tenant its policy: everything that evidence of the kind can prove is asked for. */
const policies = {
  whole: {
    policy: 1,
    name: "whole",
    version: 1,
    boots: ["good"],
    bootLog: "required",
    imaList: "required",
    builds: "referenced",
    programs: "referenced",
    canisters: [{ label: "*", bound: "required" }],
  },
  quote: {
    policy: 1,
    name: "quote",
    version: 1,
    ledger: "if-there",
    canisters: [{ label: "*", register: "if-there" }],
  },
  list: {
    policy: 1,
    name: "list",
    version: 1,
    boots: ["good"],
    imaList: "required",
    ledger: "if-there",
    canisters: [{ label: "*", register: "if-there" }],
  },
};

/** @typedef {keyof typeof policies} Kind */

export class Site {
  /** @type {Verifier[]} */
  #verifiers = [];
  /** @type {Generators[]} */
  #generators = [];
  #token = randomBytes(24).toString("hex");

  /** @param {string} place @param {import("./recorded.mjs").Recorded} recorded @param {string | undefined} profile */
  constructor(place, recorded, profile) {
    this.place = place;
    this.recorded = recorded;
    this.profile = profile;
    mkdirSync(join(place, "trust"), { mode: 0o700 });
    writeFileSync(join(place, "people"), `ann admin * ${this.#token}\n`, { mode: 0o600 });
    const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", join(place, "tls.key")];
    const names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"];
    run("openssl", ["req", "-x509", ...key, ...names, "-out", join(place, "tls.pem")]);
    this.ca = readFileSync(join(place, "tls.pem"), "utf8");
  }

  /** Makes nodes and enrols them, before a verifier is started. @param {string} database @param {number} nodes @param {Kind} kind */
  enrol(database, nodes, kind) {
    run(process.execPath, [join(repository, "bench/fleet/enrol.mjs"), database, this.keys, String(nodes), kind]);
  }

  get keys() {
    return join(this.place, "nodes");
  }

  /**
   * It asks for evidence no more seldom than it is told.
   *
   * @param {string} database @param {{ due?: number, [key: string]: unknown }} [more] its configuration
   */
  async verifier(database, more = {}) {
    const configuration = {
      listen: "127.0.0.1:0",
      ...{ database, keys: join(this.place, "keys"), trust: join(this.place, "trust") },
      tls: { certificate: join(this.place, "tls.pem"), key: join(this.place, "tls.key") },
      people: { tokens: join(this.place, "people") },
      limits: { person: 10_000, tenant: 1_000_000, stranger: 10_000 },
      dashboard: false,
      dueAtMost: more.due ?? 60,
      ...more,
    };
    const how = { ca: this.ca, token: this.#token, profile: this.profile };
    const verifier = await Verifier.start(this.place, configuration, how);
    this.#verifiers.push(verifier);
    return verifier;
  }

  /** Puts policies, reference values and the contour. @param {Verifier} verifier */
  async rules(verifier) {
    const { contour, contourDigest, references } = this.recorded;
    await verifier.put(`/v1/contours/${contourDigest}`, Buffer.from(contour, "base64"));
    await verifier.put("/v1/references/all", JSON.stringify(references));
    for (const policy of Object.values(policies))
      await verifier.put(`/v1/policies/${policy.name}`, JSON.stringify(policy));
  }

  /**
   * The load of all nodes.
   *
   * @param {number} processes @param {number} nodes @param {readonly Verifier[]} verifiers
   * @param {{ kind: Kind, connections: number, interval: number, changing?: number, isFresh?: boolean }} how
   */
  async load(processes, nodes, verifiers, { changing = 0, ...how }) {
    const generators = new Generators(processes);
    this.#generators.push(generators);
    const targets = verifiers.map(({ target }) => target);
    await generators.start({ recorded: this.recorded, keys: this.keys, targets, changing, ...how }, nodes);
    return generators;
  }

  /**
   * Looks into a database beside the verifiers.
   *
   * @template T @param {string} database @param {(db: import("./database.mjs").Db) => Promise<T>} work
   */
  async look(database, work) {
    const store = await openStore(database);
    try {
      return await work(store.db);
    } finally {
      await store.close();
    }
  }

  async close() {
    for (const generators of this.#generators) generators.close();
    for (const verifier of this.#verifiers) await verifier.end(this.profile === undefined ? "SIGKILL" : "SIGTERM");
  }
}

/** @param {string} program @param {readonly string[]} words */
function run(program, words) {
  const { status, stderr } = spawnSync(program, words, { encoding: "utf8", stdio: ["ignore", "ignore", "pipe"] });
  if (status !== 0) throw new Error(`${program} ${words[0]}: ${stderr.slice(-2000)}`);
}
