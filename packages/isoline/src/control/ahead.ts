/**
 * The control socket of a namespace that is recorded in a TPM. Evidence of the node has to tell of it from its birth on, and asks at this
 * socket. So the socket is made before the birth, and nothing begins without it. Evidence is told that it has not begun; other clients that
 * come too early wait.
 */
import { CliError } from "../error.ts";
import type { Namespace } from "../namespace/namespace.ts";
import { ControlServer, type Subject } from "./server.ts";

/** What is known of a namespace before it begins. */
export type Called = Pick<Subject, "name" | "command" | "contour" | "image" | "joins">;
type Living = Pick<Subject, "pid" | "ask" | "follow">;
type Begun = Pick<Namespace, "first" | "ask" | "follow">;

export class SocketAhead {
  readonly server: ControlServer;
  readonly #settle: (living: Living | undefined) => void;

  private constructor(server: ControlServer, settle: (living: Living | undefined) => void) {
    this.server = server;
    this.#settle = settle;
  }

  /** Throws where a live namespace has the name, or the socket cannot be made. */
  static async open(called: Called): Promise<SocketAhead> {
    let living: Living | undefined;
    let settle: (living: Living | undefined) => void = () => {};
    const begun = new Promise<Living | undefined>((resolve) => {
      settle = (told) => {
        living = told;
        resolve(told);
      };
    });
    const subject: Subject = {
      ...called,
      get pid() {
        return living?.pid ?? 0;
      },
      hasBegun: () => living !== undefined,
      ask: async (request) => (await begun)?.ask(request),
      follow: async (follower) => (await begun)?.follow(follower) ?? (async () => {}),
    };
    return new SocketAhead(await ControlServer.open(subject).catch(refuse), settle);
  }

  /** Waits until the namespace has begun, and answers clients from then on. Where it does not begin, the socket is closed. */
  async until<T extends { readonly namespace: Begun }>(begins: Promise<T>): Promise<T> {
    try {
      const begun = await begins;
      this.#settle(livingIn(begun.namespace));
      return begun;
    } catch (fault) {
      this.#settle(undefined);
      await this.server.close();
      throw fault;
    }
  }
}

/** The control socket of a namespace that has begun. */
export function openBeside(called: Called, namespace: Begun): Promise<ControlServer> {
  return ControlServer.open({ ...called, ...livingIn(namespace) });
}

function livingIn(namespace: Begun): Living {
  const { first, ask } = namespace;
  return { pid: first.pid, ask, follow: (follower) => namespace.follow(follower) };
}

function refuse(fault: unknown): never {
  if (!(fault instanceof CliError) || fault.code !== "unsafe-place") throw fault;
  const why = "what is recorded in a TPM does not begin without its control socket, where evidence asks for it";
  throw new CliError(fault.code, `${fault.message}; ${why}`, { cause: fault });
}
