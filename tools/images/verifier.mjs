/** The verifier of our machines, by the commands of isoline: enrols a TPM, says what it expects, and judges evidence. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { repository } from "../run.mjs";
import { bootReference } from "./measure.mjs";
import { authorityOf, serveTpm } from "./tpm.mjs";

const ISOLINE = join(repository, "packages/isoline/bin/isoline");
const NAME = "launch-host";

/**
 * @typedef {object} Verdict
 * @property {string} status of all
 * @property {string} node
 * @property {readonly string[]} failed checks that failed, each with its failure class and why
 * @property {readonly string[]} warned what the machine's checks say beside
 * @property {Readonly<Record<string, string>>} canisters the status of each, by label
 */

/** @typedef {{ status: string, checks: readonly { name: string, outcome: string, failure?: string, why?: string }[] }} Told */

export class Verifier {
  #place = mkdtempSync(join(tmpdir(), "isoline-verifier-"));

  constructor() {
    for (const name of ["makers", "contours", "contour-signers", "references"])
      mkdirSync(join(this.#place, "trust", name), { recursive: true, mode: 0o755 });
  }

  /** Trusts the maker of a TPM, and enrols it while no machine has it. @param {string} tpm its folder */
  async enrol(tpm) {
    this.#trustMaker(tpm);
    const { address, stop } = await serveTpm(tpm);
    try {
      this.#isoline("attest", "enrol", "--tpm", address, "--trust", "trust", "--name", NAME);
    } finally {
      await stop();
    }
  }

  /**
   * The same by way of a launch host's port: the machine and the verifier exchange documents.
   *
   * @param {string} tpm @param {import("./port-client.mjs").PortClient} port
   */
  async enrolOver(tpm, port) {
    this.#trustMaker(tpm);
    this.#keep("node.json", await port.ask("enrol"));
    this.#isoline("attest", "enrol", "--challenge", "node.json", "--trust", "trust", "-o", "challenge.json");
    const challenge = readFileSync(join(this.#place, "challenge.json"));
    this.#keep("answer.json", await port.ask(`answer ${challenge.length}`, challenge));
    this.#isoline("attest", "enrol", "--accept", "answer.json", "--trust", "trust", "--name", NAME);
  }

  /** @param {string} tpm */
  #trustMaker(tpm) {
    const [root = "", between = ""] = authorityOf(tpm);
    this.#keep("trust/makers/root.pem", root);
    this.#keep("trust/makers/between.pem", between);
  }

  /** The directory that says what is trusted. */
  get trust() {
    return join(this.#place, "trust");
  }

  /** Expects a machine that boots this image, with nothing added to its command line. @param {Buffer} image */
  expectBoot(image) {
    this.#keep("trust/references/boots.json", JSON.stringify({ references: 1, boots: [bootReference(NAME, image)] }));
  }

  /**
   * Expects a launch host that boots this image.
   *
   * @param {Buffer} image @param {readonly Buffer[]} contours @param {string} signer a public key, in PEM
   */
  expect(image, contours, signer) {
    this.expectBoot(image);
    contours.forEach((contour, index) => this.#keep(`trust/contours/${index}.contour`, contour));
    this.#keep("trust/contour-signers/release.pem", signer);
    const rule = { sensors: ["bpf"], register: "required" };
    const canisters = [
      { label: "host", ...rule },
      { label: "*", ...rule, signedContour: true },
    ];
    const policy = { policy: 1, name: NAME, version: 1, boots: [NAME], bootLog: "required", ledger: "required" };
    this.#keep("policy.json", JSON.stringify({ ...policy, required: ["host"], canisters }));
  }

  challenge() {
    return this.#isoline("attest", "challenge").trim();
  }

  /** @param {Buffer} evidence @param {string} challenge @returns {Verdict} */
  verdictOn(evidence, challenge) {
    this.#keep("evidence", evidence);
    const words = ["evidence", "--challenge", challenge, "--trust", "trust", "--policy", "policy.json", "--json"];
    const { stdout, stderr } = spawnSync(ISOLINE, ["attest", "verify", ...words], {
      cwd: this.#place,
      encoding: "utf8",
    });
    if (stdout === "") throw new Error(`isoline attest verify: ${stderr}`);
    /** @type {{ status: string, platform: Told, canisters: readonly (Told & { label: string })[] }} */
    const { status, platform, canisters } = JSON.parse(stdout);
    const failed = [platform, ...canisters].flatMap(({ checks }) =>
      checks
        .filter(({ outcome }) => outcome === "failed")
        .map(({ name, failure = "", why = "" }) => `${name}: ${failure}: ${why}`),
    );
    const warned = platform.checks.flatMap(({ name, outcome, why = "" }) =>
      outcome === "warned" ? [`${name}: ${why}`] : [],
    );
    const labelled = canisters.map(({ label, status: own }) => [label, own]);
    return { status, node: platform.status, failed, warned, canisters: Object.fromEntries(labelled) };
  }

  close() {
    rmSync(this.#place, { recursive: true, force: true });
  }

  /** @param {...string} words */
  #isoline(...words) {
    return execFileSync(ISOLINE, words, { cwd: this.#place, encoding: "utf8" });
  }

  /** @param {string} name @param {string | Buffer} content */
  #keep(name, content) {
    writeFileSync(join(this.#place, name), content, { mode: 0o644 });
  }
}
