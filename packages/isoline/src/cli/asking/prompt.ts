/** A question as it stands on a terminal: who, what, how it came about, what comes nearest, what it would mean. */
import type { AnswerWord } from "../../namespace/answer-words.ts";
import type { OpenQuestion } from "../../namespace/questions.ts";
import { harmless } from "../output/wording.ts";

/** The keys; `y` is none of them, so that an answer to the workload's own question is not taken for one to this. */
const keys: Readonly<Record<string, AnswerWord>> = { o: "once", a: "always", r: "refuse", d: "distrust" };

export const CHOICES =
  "  o  once   a  always, on the contour   r  refuse   d  refuse, and distrust the process     then Enter: ";

/** What a person types in this time was not meant for the question. */
export const STARTLED_MS = 700;

/** The answer that a key stands for. */
export function answerOf(key: string): AnswerWord | undefined {
  return keys[key.toLowerCase()];
}

/** A person decides by what is shown, so no part of it may move the cursor, hide a letter, or push the rest off the screen. */
export function questionText(
  question: OpenQuestion,
  [label, name]: readonly ["contour" | "asked by", string],
  waiting: number,
): string {
  const { chain, pid, uid, says, why, means, until } = question;
  const seconds = Math.max(0, Math.round((until - Date.now()) / 1000));
  const more = waiting > 1 ? `, ${waiting - 1} more waiting` : "";
  return [
    `isoline: may this happen? It is refused in ${seconds} s${more}.`,
    `  who      ${shortly(chain.at(-1) ?? "the first process")}, process ${Number(pid)} of user ${shortly(String(uid))}`,
    `  what     ${shortly(says)}`,
    `  came by  ${shortly(chain.map(String).join(" → ") || "-")}`,
    `  nearest  ${shortly(nearestIn(why))}`,
    `  means    ${shortly(means)}`,
    `  ${label.padEnd(8)} ${shortly(name)}`,
    "",
  ].join("\n");
}

/** The sentence names the act once more before it names what comes nearest. */
function nearestIn(why: string): string {
  const at = why.indexOf("; ");
  return (at < 0 ? why : why.slice(at + 2)).replace(/^nearest on contour: /, "");
}

const LONGEST = 300;

function shortly(text: string): string {
  const shown = harmless(text);
  return shown.length <= LONGEST ? shown : `${shown.slice(0, LONGEST)}… (${shown.length - LONGEST} more letters)`;
}
