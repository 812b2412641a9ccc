/** Who may decide about a live run: the person at the terminal, and clients of the approver socket. */
import type { ApproverServer } from "../../control/approver-server.ts";
import type { Namespace } from "../../namespace/namespace.ts";
import { note } from "../output/streams.ts";
import { grouped, harmless } from "../output/wording.ts";
import { TerminalAsker } from "./terminal-asker.ts";

export interface About {
  /** By which an approver finds it; undefined if it has no control socket. */
  readonly name: string | undefined;
  readonly contour: string;
  /** Whether a person is asked; otherwise the contour can only be amended. */
  readonly asks: boolean;
}

/** Lines about acts that were refused without a question; the others are counted. */
const MOST_TOLD = 5;

export class Decisions {
  readonly #terminal: TerminalAsker | undefined;
  #server: ApproverServer | undefined;
  #unasked = 0;
  #intruders = 0;

  private constructor(namespace: Namespace, terminal: TerminalAsker | undefined) {
    this.#terminal = terminal;
    namespace.questions.onUnasked = (why) => this.#sayUnasked(why);
  }

  static async open(namespace: Namespace, { name, contour, asks }: About): Promise<Decisions> {
    const decisions = new Decisions(namespace, asks ? TerminalAsker.begin(namespace, contour) : undefined);
    if (name !== undefined) decisions.#server = await serve(namespace, name, (pid) => decisions.#sayIntruder(pid));
    if (asks && decisions.#terminal === undefined)
      note(
        decisions.#server === undefined
          ? "there is no terminal and no approver socket, so every question is refused at its deadline"
          : `there is no terminal to ask at; isoline approve ${name} answers`,
      );
    return decisions;
  }

  async close(): Promise<void> {
    this.#terminal?.end();
    await this.#server?.close();
    if (this.#unasked > MOST_TOLD) note(`${grouped(this.#unasked)} acts in all were refused without a question`);
  }

  #sayIntruder(pid: number): void {
    this.#intruders += 1;
    if (this.#intruders <= MOST_TOLD)
      note(
        `process ${pid} reached the approver socket, and was not heard: it is in a namespace, or could not be told apart`,
      );
  }

  #sayUnasked(why: string): void {
    this.#unasked += 1;
    if (this.#unasked <= MOST_TOLD) note(`refused without a question, because too many wait: ${harmless(why)}`);
  }
}

/** Without this socket the workload runs as well. */
async function serve(namespace: Namespace, name: string, onIntruder: (pid: number) => void) {
  try {
    const { ApproverServer } = await import("../../control/approver-server.ts");
    return await ApproverServer.open({ name, ask: namespace.ask, questions: namespace.questions, onIntruder });
  } catch (fault) {
    note(
      `no approver socket, so approve and amend do not work: ${harmless(fault instanceof Error ? fault.message : String(fault))}`,
    );
    return undefined;
  }
}
