/** `isoline engine serve`: hosts the engines of namespaces whose sensors are elsewhere. */
import { leave } from "@isoline/linux";
import { EngineServer } from "../../../engine/server.ts";
import { readOwnKey, readPinnedKey } from "../../../library/engine.ts";
import { status } from "../../ending.ts";
import { note } from "../../output/streams.ts";
import { harmless } from "../../output/wording.ts";
import { usage } from "../../refusal.ts";

export interface EngineServeOptions {
  readonly listen?: readonly string[];
  readonly key?: string;
  readonly tpm?: string;
  readonly sensorKey?: readonly string[];
  readonly namespaces: number;
  readonly memory: number;
  readonly quiet?: boolean;
}

/** Returns when it is told to end. */
export async function engineServe(options: EngineServeOptions): Promise<number> {
  const { listen = [], key, tpm, sensorKey = [], namespaces, memory, quiet = false } = options;
  if (listen.length === 0) throw usage("expected --listen ADDRESS: unix:/PATH, vsock:CID:PORT or device:/PATH");
  if ((key === undefined) === (tpm === undefined))
    throw usage(
      "expected what this engine proves: either --key FILE, a private key, or --tpm ADDRESS, its machine's TPM",
    );
  if (sensorKey.length === 0) throw usage("expected --sensor-key FILE, the public key of a sensor that may use it");
  const say = quiet ? () => {} : (text: string) => note(harmless(text));
  const server = await EngineServer.open(
    {
      addresses: listen,
      proves: key === undefined ? await quotesOf(tpm ?? "") : readOwnKey(key),
      sensors: sensorKey.map(readPinnedKey),
      most: namespaces,
      megabytes: memory,
    },
    {
      began: (address, peer) => say(`${address}: a namespace of ${peer} began`),
      ended: (address, peer, why) => say(`${address}: ${endText(peer, why)}`),
    },
  );
  const told = toldToEnd();
  for (const address of listen) say(`listening at ${address}`);
  await told;
  server.close();
  return leave(status.success);
}

/** A TPM that does not answer is known before anything listens. */
async function quotesOf(tpm: string): Promise<(qualifying: Uint8Array) => Promise<Uint8Array>> {
  const { machineQuote } = await import("../../../attest/machine-quote.ts");
  await machineQuote(tpm, new Uint8Array(32));
  return (qualifying) => machineQuote(tpm, qualifying);
}

/** Heard from now on, before anything is said. */
function toldToEnd(): Promise<void> {
  return new Promise((end) => {
    process.once("SIGTERM", () => end());
    process.once("SIGINT", () => end());
  });
}

function endText(peer: string | undefined, why: string | undefined): string {
  if (peer === undefined) return `refused: ${why}`;
  return why === undefined ? `a namespace of ${peer} ended` : `a namespace of ${peer} was given up: ${why}`;
}
