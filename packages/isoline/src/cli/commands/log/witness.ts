/** `isoline log witness`: signs what logs have signed, as long as they take nothing back. */
import { once } from "node:events";
import { formatVerifierKey, parseVerifierKey } from "@isoline/log/note";
import { serveWitness, Witness } from "@isoline/log/witness";
import { openMemory, readKey } from "../../../transparency/places.ts";
import { status } from "../../ending.ts";
import { note, printLine } from "../../output/streams.ts";
import { usage } from "../../refusal.ts";

export interface LogWitnessOptions {
  readonly listen: string;
  readonly name: string;
  readonly key: string;
  readonly log?: readonly string[];
  readonly first?: boolean;
}

/** Returns when it is told to end. */
export async function logWitness(directory: string, options: LogWitnessOptions): Promise<number> {
  const { listen, name, key, log = [], first = false } = options;
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(listen) ?? [];
  if (host === undefined || Number(port) > 65_535)
    throw usage(`expected --listen HOST:PORT, got ${JSON.stringify(listen)}`);
  if (log.length === 0) throw usage("expected --log KEY, the verifier key of a log to sign for");
  const signer = readKey(key, name, "witness");
  const logs = log.map((each) => parseVerifierKey(each, "log"));
  const store = await openMemory(directory, signer, first);
  const server = serveWitness(new Witness({ key: signer, logs, store, now: () => Math.floor(Date.now() / 1000) }));
  const told = new Promise<void>((end) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) process.once(signal, () => end());
  });
  server.listen(Number(port), host.replace(/^\[(.*)\]$/, "$1"));
  await once(server, "listening");
  printLine(`witness ${formatVerifierKey(signer)}`);
  const address = server.address();
  note(`listening at ${host}:${typeof address === "object" ? address?.port : port}`);
  await told;
  server.closeAllConnections();
  server.close();
  await store.close();
  return status.success;
}
