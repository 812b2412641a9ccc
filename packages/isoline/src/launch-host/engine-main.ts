/**
 * The one program of a machine that hosts engines (docs/engine.md#in-a-measured-machine): serves sensors at a port of virtio-serial, and
 * proves the machine by its TPM. Whose sensors it serves is in the image, so it is measured. There is no command line.
 */
import { readFileSync } from "node:fs";
import { machineQuote } from "../attest/machine-quote.ts";
import { TPM_DEVICE } from "../attest/using-tpm.ts";
import { EngineServer } from "../engine/server.ts";
import { keysIn } from "./keys-in.ts";

const SENSORS = "/etc/isoline/sensors.pem";
/** The first port of the first device of virtio-serial. Its name in the machine is not asked for: there is no other. */
const PORT = "device:/dev/vport0p1";
/** One port is one namespace after another. */
const MOST = 1;
const MEGABYTES = 512;

const say = (text: string) => console.error(`engine: ${JSON.stringify(text.slice(0, 500)).slice(1, -1)}`);

async function main(): Promise<void> {
  const sensors = keysIn(readFileSync(SENSORS, "latin1"));
  // A machine whose TPM does not sign can prove nothing: it ends before it listens.
  await machineQuote(TPM_DEVICE, new Uint8Array(32));
  await EngineServer.open(
    {
      addresses: [PORT],
      proves: (qualifying) => machineQuote(TPM_DEVICE, qualifying),
      sensors,
      most: MOST,
      megabytes: MEGABYTES,
    },
    {
      began: (_, peer) => say(`a namespace of ${peer} began`),
      ended: (_, peer, why) =>
        say(`${peer === undefined ? "refused" : `a namespace of ${peer} ended`}${why ? `: ${why}` : ""}`),
    },
  );
  say("listening");
}

void main().catch((fault: unknown) => {
  console.error(fault);
  process.exit(1);
});
