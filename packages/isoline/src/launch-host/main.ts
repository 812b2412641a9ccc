/**
 * The agent of a launch host: the one process of the host that reads what strangers send. It runs in the host's behaviour namespace,
 * enforced, and holds neither the TPM nor a sensor: what needs them it asks the machine's first process for.
 */
import { existsSync, readFileSync } from "node:fs";
import { handOver } from "./hand-over.ts";
import { initBehind } from "./init.ts";
import { keysIn } from "./keys-in.ts";
import { openPort } from "./port.ts";
import { Requests } from "./requests.ts";

const KEYS = "/etc/isoline/keys.pem";
const PLACES = {
  canisters: "/run/canisters",
  contours: "/run/contours",
  said: "/run/said",
  evidence: "/run/evidence",
};

async function main(): Promise<void> {
  if (process.argv[2] === "hand-over")
    return handOver(await openPort("isoline.push"), ["/run/learnt", PLACES.contours]);
  const acceptance = { keys: keysIn(readFileSync(KEYS, "latin1")), learns: existsSync("/etc/isoline/learn") };
  const init = initBehind(process.stdin, process.stdout);
  await new Requests(await openPort("isoline.push"), init, acceptance, PLACES).serve();
}

void main().then(
  () => process.exit(0),
  (fault: unknown) => {
    console.error(fault);
    process.exit(1);
  },
);
