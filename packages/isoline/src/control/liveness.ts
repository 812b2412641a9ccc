/** Whether a server listens at a socket. Only the kernel's word that none does has a socket removed: a busy server keeps its own. */
import { lstatSync, rmSync } from "node:fs";
import { connect } from "node:net";

const CONNECT_MS = 2000;
/** A supervisor that starts binds its socket first and listens then. */
const LISTENS_WITHIN_MS = 10_000;

/** Whether the socket has a listener. A socket without one is removed, unless it is so young that its supervisor may be starting. */
export async function isLive(path: string): Promise<boolean> {
  const found = await listenerAt(path);
  if (found === "none" && !isYoung(path)) rmSync(path, { force: true });
  return found === "one";
}

/** Removes the socket that a server left behind when it was killed. False where something else is there, or may be. */
export async function removeLeft(path: string): Promise<boolean> {
  const found = lstatSync(path, { throwIfNoEntry: false });
  if (found === undefined) return true;
  if (!found.isSocket() || (await listenerAt(path)) !== "none") return false;
  rmSync(path, { force: true });
  return true;
}

function listenerAt(path: string): Promise<"one" | "none" | "unknown"> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    const settle = (found: "one" | "none" | "unknown") => {
      socket.destroy();
      resolve(found);
    };
    socket.setTimeout(CONNECT_MS, () => settle("one"));
    socket.on("connect", () => settle("one"));
    socket.on("error", ({ code }: NodeJS.ErrnoException) => {
      if (code === "ECONNREFUSED") return settle("none");
      // Its backlog is full: it is busy, and it listens.
      settle(code === "EAGAIN" ? "one" : "unknown");
    });
  });
}

function isYoung(path: string): boolean {
  const made = lstatSync(path, { throwIfNoEntry: false })?.ctimeMs;
  return made !== undefined && Math.abs(Date.now() - made) < LISTENS_WITHIN_MS;
}
