/**
 * What a service manager is told (sd_notify(3)): that the agent is ready, that it is alive, that it stops. A message is a datagram to
 * the socket that NOTIFY_SOCKET names, sent by systemd-notify(1): Node has no datagrams of this family.
 */
import { spawn } from "node:child_process";

/** As often as systemd suggests: twice in each period. */
const PARTS = 2;
const LEAST_MS = 1000;

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
    this.#watchdog = setInterval(() => this.#say("WATCHDOG=1"), Math.max(LEAST_MS, period / PARTS));
    this.#watchdog.unref();
  }

  ready(status: string): void {
    this.#say("READY=1", `STATUS=${status}`);
  }

  stopping(): void {
    clearInterval(this.#watchdog);
    this.#say("STOPPING=1");
  }

  /** Without a service manager nothing is said. */
  #say(...states: readonly string[]): void {
    if (this.#socket === undefined) return;
    const told = spawn("/usr/bin/systemd-notify", [`--pid=${process.pid}`, ...states], {
      stdio: "ignore",
      env: { PATH: "/usr/bin:/bin", NOTIFY_SOCKET: this.#socket },
    });
    told.on("error", () => {});
    told.unref();
  }
}
