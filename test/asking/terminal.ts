/** A person at a terminal, with `script` (util-linux) as the terminal. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { type AskingPlace, eventually } from "./run.ts";

export const hasTerminal = spawnSync("script", ["-qec", "stty size", "/dev/null"], { stdio: "ignore" }).status === 0;
/** The end of a question on a terminal. */
export const CHOICES = "then Enter: ";

/** A person at a terminal, who sees and types. */
export class Terminal {
  seen = "";
  all = "";
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;

  constructor(place: AskingPlace, line: string) {
    this.child = spawn("script", ["-qec", line, "/dev/null"], {
      cwd: place.directory,
      env: { ...place.environment, TERM: "xterm" },
      stdio: ["pipe", "pipe", "ignore"],
    });
    this.child.stdout?.on("data", (piece: Buffer) => {
      this.seen += piece.toString("latin1");
      this.all += piece.toString("latin1");
    });
    // What is typed at a terminal that has ended goes nowhere.
    this.child.stdin?.on("error", () => undefined);
    this.ended = new Promise((resolve) => this.child.on("close", (status) => resolve(status)));
  }

  /** What has appeared since the last time, up to and with this. */
  async appears(text: string): Promise<string> {
    let at = -1;
    // A job in the background may write megabytes: nothing is looked at twice.
    let looked = 0;
    await eventually(
      () => {
        at = this.seen.indexOf(text, Math.max(0, looked - text.length));
        looked = this.seen.length;
        return at >= 0 ? true : undefined;
      },
      () => `${text} in: … ${this.all.replaceAll(/(over\r\n)+/g, "over\r\n").slice(-4000)}`,
    );
    const end = at + text.length;
    const before = this.seen.slice(0, end);
    this.seen = this.seen.slice(end);
    return before;
  }

  types(keys: string): void {
    this.child.stdin?.write(keys);
  }

  /** Types keys again and again until something appears: what is typed in the first moment of a question is thrown away. */
  async typesUntil(text: string, keys: string): Promise<string> {
    const again = setInterval(() => this.types(keys), 300);
    try {
      return await this.appears(text);
    } finally {
      clearInterval(again);
    }
  }

  /** Types a key until it is taken, then Enter. */
  async answers(key: string, word: string): Promise<void> {
    await this.typesUntil(word, key);
    this.types("\r");
  }

  /** The same where whole lines are read: types key and Enter until the words of the answer appear. */
  async answersLine(key: string, words: string): Promise<void> {
    await this.typesUntil(words, `${key}\r`);
  }
}
