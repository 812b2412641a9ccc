/** Whether a supervisor listens at a control socket. */
import { lstatSync, rmSync } from "node:fs";
import { connect } from "node:net";

const CONNECT_MS = 2000;
/** A supervisor that starts binds its socket first and listens then. */
const LISTENS_WITHIN_MS = 10_000;

/** Whether the socket has a listener. A socket without one is removed, unless it is so young that its supervisor may be starting. */
export function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    // The supervisor is busy: its socket must not be removed.
    socket.setTimeout(CONNECT_MS, () => settle(true));
    socket.on("connect", () => settle(true));
    socket.on("error", (fault: NodeJS.ErrnoException) => {
      if (fault.code === "ECONNREFUSED" && !isYoung(path)) rmSync(path, { force: true });
      settle(false);
    });
    const settle = (live: boolean) => {
      socket.destroy();
      resolve(live);
    };
  });
}

function isYoung(path: string): boolean {
  const made = lstatSync(path, { throwIfNoEntry: false })?.ctimeMs;
  return made !== undefined && Math.abs(Date.now() - made) < LISTENS_WITHIN_MS;
}
