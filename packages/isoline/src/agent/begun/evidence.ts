/**
 * How a namespace that a process began for itself comes into the evidence of the node. It answers at a socket of the agent's own user, in a
 * directory of its own: so it is among no other namespaces, and its label can be no other's.
 */
import { utimesSync } from "node:fs";
import { ControlServer } from "../../control/server.ts";
import { begunLabel, begunSocketPath, openBegunDirectory } from "../../control/place.ts";
import { cells } from "../../namespace/control-block.ts";
import { type Begun, noteSealed } from "./asked.ts";

const LOOK_EVERY_MS = 1000;

/** Where it will answer. Throws what is wrong with the name or the place before anything begins. */
export function placeForEvidence(uid: number, name: string): string {
  return begunSocketPath(openBegunDirectory(), uid, name);
}

/** Answers at that place until the returned function is called. */
export async function answerForEvidence(begun: Begun, contour: string, path: string): Promise<() => Promise<void>> {
  const { uid, name, command, namespace } = begun;
  const server = await ControlServer.at(
    {
      ...{ name, command, contour, pid: namespace.first.pid },
      ask: (request) => {
        if (request.ask === "seal") noteSealed(begun);
        return namespace.ask(request);
      },
      follow: (follower) => namespace.follow(follower),
    },
    begunLabel(uid, name),
    path,
  );
  const looking = tellOfDepartures(begun, path);
  return async () => {
    clearInterval(looking);
    await server.close();
  };
}

/** A departure touches the socket, which the node's attestation watches: its verifier is to know at once. */
function tellOfDepartures({ namespace }: Begun, path: string): NodeJS.Timeout {
  let told = 0;
  return setInterval(() => {
    const off = namespace.block[cells.departures] ?? 0;
    if (off === told) return;
    told = off;
    try {
      const now = new Date();
      utimesSync(path, now, now);
    } catch {
      // Root removed the socket: the next evidence comes when it is due, and does not have this namespace.
    }
  }, LOOK_EVERY_MS).unref();
}
