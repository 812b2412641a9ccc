/** The agent's socket: who may connect, and what each connection is about. */
import { chmodSync, mkdirSync, rmSync, statSync } from "node:fs";
import { createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";
import { assertOnlyOursToWrite } from "../canister/host-configuration.ts";
import { removeLeft } from "../control/liveness.ts";
import { CliError } from "../error.ts";
import { ClientProcess } from "./client-process.ts";
import { Crowd } from "./crowd.ts";
import { type Bounds, Frames } from "./frames.ts";
import { MOST_ASKED, MOST_TOLD, VERSION } from "./words.ts";

/** A client says what it wants at once. */
const FIRST_FRAME_MS = 5000;
/** A client that was refused may read why; more of them at once are only cut off. */
const READING_MS = 2000;
const MOST_REFUSED = 32;
const OTHERS = 0o077;

/** Takes a connection by its first frame. */
export type Takes = (order: unknown, client: ClientProcess, frames: Frames) => void;

/** A socket of the agent, and who may speak there. A connection lives as long as its namespace. */
export interface Door {
  readonly path: string;
  /** The mode of the socket. */
  readonly mode: number;
  /** The mode of its directory, where that is not there yet. */
  readonly directoryMode: number;
  readonly bounds: Bounds;
  /** Connections at once: of all users, and of each. */
  readonly most: number;
  readonly mostOfUser: number;
  /** Throws for a process that is not heard. */
  readonly admits: (client: ClientProcess) => void;
}

/** The socket of the agent's own user, root. */
export function ownDoor(path: string): Door {
  return {
    ...{ path, mode: 0o600, directoryMode: 0o700, most: 4200, mostOfUser: 4200 },
    bounds: { most: MOST_ASKED, unsent: 2 * MOST_TOLD },
    admits: (client) => {
      client.assertOutside();
      if (client.uid !== (process.geteuid?.() ?? 0))
        throw refused(`expected the agent's user, got user ${client.uid}; see isoline namespace begin for other users`);
    },
  };
}

export class AgentServer {
  readonly #door: Door;
  readonly #server: Server;
  readonly #takes: Readonly<Record<string, Takes>>;
  readonly #crowd: Crowd;
  #refused = 0;

  private constructor(door: Door, takes: Readonly<Record<string, Takes>>) {
    this.#door = door;
    this.#takes = takes;
    this.#crowd = new Crowd("connections", door.mostOfUser, door.most);
    this.#server = createServer((socket) => this.#greet(socket));
    this.#server.maxConnections = door.most + 2 * MOST_REFUSED;
  }

  /** Listens at a door. `takes` has a function for each kind of order. */
  static async open(door: Door, takes: Readonly<Record<string, Takes>>): Promise<AgentServer> {
    const { path, mode, directoryMode } = door;
    // The mask of this process does not count: clients of other users have to get there.
    if (mkdirSync(dirname(path), { recursive: true, mode: directoryMode }) !== undefined)
      chmodSync(dirname(path), directoryMode);
    // A user who can write there could answer others in the agent's name.
    if ((directoryMode & OTHERS) !== 0) assertOnlyOursToWrite(dirname(path), statSync(dirname(path)));
    if (!(await removeLeft(path)))
      throw new CliError("name-taken", `an agent listens at ${path} already; end it, or name another --socket`);
    const agent = new AgentServer(door, takes);
    await new Promise<void>((resolve, reject) => {
      agent.#server.once("error", (fault) =>
        reject(new CliError("cannot-write", `cannot listen at ${path}: ${fault.message}`, { cause: fault })),
      );
      agent.#server.listen(path, resolve);
    });
    chmodSync(path, mode);
    agent.#server.on("error", () => {});
    return agent;
  }

  /** Takes no further connection. */
  close(): void {
    this.#server.close();
    rmSync(this.#door.path, { force: true });
  }

  #greet(socket: Socket): void {
    const frames = new Frames(socket, this.#door.bounds);
    let client: ClientProcess | undefined;
    try {
      client = ClientProcess.of(socket);
      this.#door.admits(client);
      socket.once("close", this.#crowd.enter(client.uid));
    } catch (fault) {
      client?.close();
      return this.#turnAway(socket, frames, fault);
    }
    this.#hear(client, frames);
  }

  #turnAway(socket: Socket, frames: Frames, fault: unknown): void {
    if (this.#refused >= MOST_REFUSED) return frames.drop("too many are refused");
    this.#refused += 1;
    const cut = setTimeout(() => socket.destroy(), READING_MS);
    socket.once("close", () => {
      clearTimeout(cut);
      this.#refused -= 1;
    });
    refuse(frames, fault);
  }

  #hear(client: ClientProcess, frames: Frames): void {
    const patience = setTimeout(() => frames.drop("it did not say what it wants"), FIRST_FRAME_MS);
    frames.onOver = () => {
      clearTimeout(patience);
      client.close();
    };
    frames.onFrame = (frame) => {
      clearTimeout(patience);
      this.#take(frame, client, frames);
    };
  }

  #take(frame: unknown, client: ClientProcess, frames: Frames): void {
    const { isoline, ask } = (frame ?? {}) as { readonly isoline?: unknown; readonly ask?: unknown };
    if (isoline !== VERSION)
      throw refused(`expected words of version ${VERSION}; use the isoline that the agent is of`);
    const take = typeof ask === "string" && Object.hasOwn(this.#takes, ask) ? this.#takes[ask] : undefined;
    if (take === undefined) throw refused(`expected one of ${Object.keys(this.#takes).join(", ")} to be asked for`);
    frames.onFrame = () => {};
    frames.onOver = () => client.close();
    take(frame, client, frames);
  }
}

function refused(message: string): CliError {
  return new CliError("agent-refused", message);
}

/** Says why, and ends the connection. */
function refuse(frames: Frames, fault: unknown): void {
  const { code = "agent-refused", message } = fault as { readonly code?: string; readonly message: string };
  frames.send({ say: "refused", code, message });
  frames.close();
}
