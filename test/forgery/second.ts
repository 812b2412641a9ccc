/** The second verifier, in Python: the same questions, and its verdicts in the same words. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import { ContourFile, type Question, writeAccepted } from "../../packages/attest/src/appraise/index.ts";
import { EvidenceReading } from "../../packages/attest/src/evidence/index.ts";
import { encode, publicArea } from "../../packages/attest/src/tpm/index.ts";

const program = fileURLToPath(new URL("./second/verifier.py", import.meta.url));
const PYTHON = "/usr/bin/python3";
export const needsPython = spawnSync(PYTHON, ["-c", "import cryptography"]).status !== 0;

const base64 = (bytes: Uint8Array) => Buffer.from(bytes).toString("base64");

export class SecondVerifier {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;

  constructor() {
    this.#process = spawn(PYTHON, ["-B", program], { stdio: ["pipe", "pipe", "inherit"] });
    this.#lines = createInterface({ input: this.#process.stdout! });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  async verdict({ evidence, challenge, trust, policy, references, last, now, node, about }: Question): Promise<string> {
    const question = {
      evidence: base64(EvidenceReading.of(evidence).bytes),
      challenge: Buffer.from(challenge).toString("hex"),
      nodes: Object.fromEntries(trust.nodes.map((one) => [one.id, base64(encode(publicArea, one.attestationKey))])),
      contourSigners: trust.contourSigners.map(({ pem }) => pem),
      policySigners: trust.policySigners.map(({ pem }) => pem),
      contours: trust.contours.map((file) => base64(ContourFile.of(file).bytes)),
      policy: base64(policy),
      references: references.map(base64),
      now: now.getTime(),
      node,
      about,
      last: last && (JSON.parse(writeAccepted(last)) as unknown),
    };
    this.#process.stdin?.write(`${JSON.stringify(question)}\n`);
    const { value, done } = await this.#answers.next();
    return done === true ? "the second verifier ended" : value;
  }

  close(): void {
    this.#process.stdin?.end();
    this.#lines.close();
  }
}
