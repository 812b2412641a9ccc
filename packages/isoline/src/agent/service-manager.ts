/**
 * What a service manager is told (sd_notify(3)): that the agent is ready, that it is alive, that it stops. A message is a datagram to
 * the socket that NOTIFY_SOCKET names, sent by systemd-notify(1): Node has no datagrams of this family.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { setTimeout } from "node:timers/promises";

/** As often as systemd suggests: twice in each period. */
const PARTS = 2;
const LEAST_MS = 1000;
/** The kernel takes a message in the name of a process that lives, so the last one is waited for, but not for longer. */
const LAST_WORD_MS = 2000;

/** Variables of the service manager, from the environment that the agent was started with. */
export interface ManagerVariables {
  readonly socket: string | undefined;
  /** WATCHDOG_USEC. */
  readonly watchdog: string | undefined;
}

export class ServiceManager {
  readonly #socket: string | undefined;
  #watchdog: NodeJS.Timeout | undefined;

  constructor({ socket, watchdog }: ManagerVariables) {
    this.#socket = socket;
    const period = Number(watchdog) / 1000;
    if (socket === undefined || !Number.isFinite(period) || period <= 0) return;
    this.#watchdog = setInterval(() => void this.#say("WATCHDOG=1"), Math.max(LEAST_MS, period / PARTS));
    this.#watchdog.unref();
  }

  ready(status: string): void {
    void this.#say("READY=1", `STATUS=${status}`);
  }

  /** Returns when it was said, or could not be. */
  async stopping(): Promise<void> {
    clearInterval(this.#watchdog);
    const said = new AbortController();
    const { signal } = said;
    await Promise.race([this.#say("STOPPING=1"), setTimeout(LAST_WORD_MS, undefined, { signal }).catch(() => {})]);
    said.abort();
  }

  /** Without a service manager nothing is said. */
  async #say(...states: readonly string[]): Promise<void> {
    if (this.#socket === undefined) return;
    try {
      const told = spawn("/usr/bin/systemd-notify", [`--pid=${process.pid}`, ...states], {
        stdio: "ignore",
        env: { PATH: "/usr/bin:/bin", NOTIFY_SOCKET: this.#socket },
      });
      told.unref();
      await once(told, "exit");
    } catch {
      // Where there is no memory for a process, that is thrown at once. The manager draws its conclusion from the silence.
    }
  }
}
