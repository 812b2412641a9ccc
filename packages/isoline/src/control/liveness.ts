/** Whether a supervisor listens at a control socket. */
import { rmSync } from "node:fs";
import { connect } from "node:net";

const CONNECT_MS = 2000;

/** Whether the socket has a listener. A socket without one is removed. */
export function isLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    // The supervisor is busy: its socket must not be removed.
    socket.setTimeout(CONNECT_MS, () => settle(true));
    socket.on("connect", () => settle(true));
    socket.on("error", (fault: NodeJS.ErrnoException) => {
      if (fault.code === "ECONNREFUSED") rmSync(path, { force: true });
      settle(false);
    });
    const settle = (live: boolean) => {
      socket.destroy();
      resolve(live);
    };
  });
}
