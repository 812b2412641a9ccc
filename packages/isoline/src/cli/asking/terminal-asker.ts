/**
 * Asks at the controlling terminal, which the workload shares.
 *
 * While a question is shown the whole namespace stands still, so nothing of it can draw over the question or read the answer. The
 * terminal is set to a known state first: an unfinished control sequence, another character set or a colour that hides text may be
 * left by the workload. What was typed before the question is thrown away, and so is what is typed in the first moment.
 */
import { groupOf, OwnTerminal } from "@isoline/linux";
import type { AnswerWord } from "../../namespace/answer-words.ts";
import type { Namespace } from "../../namespace/namespace.ts";
import type { OpenQuestion } from "../../namespace/questions.ts";
import { note } from "../output/streams.ts";
import { harmless } from "../output/wording.ts";
import { answerOf, CHOICES, questionText, STARTLED_MS } from "./prompt.ts";

const LOOK_MS = 50;

/**
 * Ends an unfinished control sequence (CAN, ST), resets the terminal's modes, character set, colours, palette and scrolling area
 * (ECMA-48; DECSTR, SCS, SGR, DECSTBM, OSC 104, 110 and 111 of xterm), and shows the cursor on a new line.
 */
const KNOWN_STATE =
  "\x18\x1b\\\x1b[!p\x1b(B\x0f\x1b[0m\x1b[r\x1b]104\x1b\\\x1b]110\x1b\\\x1b]111\x1b\\\x1b[?25h\x1b[999B\r\n";

const INTERRUPT = "\x03";
const BACKSPACE = new Set(["\x08", "\x7f"]);
const ENTER = new Set(["\r", "\n"]);

/** How a question ended at the terminal: by an answer, or elsewhere. */
type Outcome = AnswerWord | "over";

export class TerminalAsker {
  readonly #namespace: Namespace;
  readonly #contour: string;
  readonly #terminal: OwnTerminal;
  readonly #queue: OpenQuestion[] = [];
  /** The key of the question that is shown, until it is over. */
  #shown: string | undefined;
  readonly #leave: () => void;
  #isAsking = false;
  #isEnded = false;

  private constructor(namespace: Namespace, contour: string, terminal: OwnTerminal) {
    this.#namespace = namespace;
    this.#contour = contour;
    this.#terminal = terminal;
    this.#leave = namespace.questions.hear({
      onAsked: (question) => {
        this.#queue.push(question);
        void this.#askAll();
      },
      onOver: ({ key }) => {
        if (key === this.#shown) this.#shown = undefined;
      },
    });
  }

  /** Undefined if this process has no controlling terminal. */
  static begin(namespace: Namespace, contour: string): TerminalAsker | undefined {
    const terminal = OwnTerminal.open();
    return terminal && new TerminalAsker(namespace, contour, terminal);
  }

  end(): void {
    this.#isEnded = true;
    this.#leave();
    this.#terminal.close();
  }

  async #askAll(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    try {
      while (this.#queue.length > 0 && !this.#isEnded) {
        if (await this.#mayBorrow()) await this.#askThose();
        else this.#leaveToApprover("another job has the terminal");
      }
    } finally {
      this.#isAsking = false;
    }
  }

  /** One question after the other, while nothing of the namespace runs. */
  async #askThose(): Promise<void> {
    const { ask, questions } = this.#namespace;
    try {
      // Without a standstill the question could be drawn over: then it is not shown, and left to the approver.
      if ((await ask({ ask: "standstill", on: true })) !== true || !this.#terminal.borrow()) {
        return this.#leaveToApprover("the command could not be kept from drawing over it");
      }
      questions.isOnTerminal = true;
      for (let next = this.#queue.shift(); next; next = this.#queue.shift()) {
        const question = questions.shown(next.key);
        if (question === undefined) continue;
        const answer = await this.#askOne(question);
        if (answer === "over") this.#terminal.show("\nisoline: the question is over\n");
        else {
          const { remark } = await questions.answer(question.key, answer, "the terminal");
          if (remark !== undefined) this.#terminal.show(`isoline: ${answer}: ${remark}\n`);
        }
      }
    } finally {
      questions.isOnTerminal = false;
      this.#terminal.giveBack();
      await ask({ ask: "standstill", on: false });
    }
  }

  #leaveToApprover(why: string): void {
    for (const { why: act } of this.#queue.splice(0))
      note(`a question is not shown here, because ${why}; isoline approve answers it: ${harmless(act)}`);
  }

  async #askOne(question: OpenQuestion): Promise<Outcome> {
    this.#shown = question.key;
    this.#terminal.show(
      `${KNOWN_STATE}${questionText(question, ["contour", this.#contour], this.#queue.length + 1)}${CHOICES}`,
    );
    await pause(STARTLED_MS);
    this.#terminal.forgetInput();
    for (let answer: AnswerWord | undefined; ; await pause(LOOK_MS)) {
      const typed = this.#isEnded || this.#shown === undefined ? undefined : this.#terminal.typed();
      if (typed === undefined) return "over";
      for (const key of typed) {
        if (key === INTERRUPT) return "refuse";
        if (ENTER.has(key) && answer !== undefined) {
          this.#terminal.show("\n");
          return answer;
        }
        answer = this.#choose(key, answer);
      }
    }
  }

  /** Shows the word of a key that stands for an answer, in place of the one before. */
  #choose(key: string, before: AnswerWord | undefined): AnswerWord | undefined {
    const word = BACKSPACE.has(key) ? undefined : answerOf(key);
    if (word === undefined && !BACKSPACE.has(key)) return before;
    const erase = "\b \b".repeat(before?.length ?? 0);
    this.#terminal.show(`${erase}${word ?? ""}`);
    return word;
  }

  /** Whether the job that has the terminal is the namespace's, or this process itself; no other job's terminal is taken. */
  async #mayBorrow(): Promise<boolean> {
    const group = this.#terminal.foreground;
    if (group === groupOf(process.pid)) return true;
    const processes = (await this.#namespace.ask({ ask: "trust" })) ?? [];
    return processes.some(({ pid }) => groupOf(pid) === group);
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
