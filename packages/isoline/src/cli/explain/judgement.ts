/** The answer to a question about a contour. */
import type { Contour } from "@isoline/core/contour";
import { type Explanation, explainEvent, Neighbourhood, type Reason, viewsOf } from "@isoline/core/engine";
import { type Actor, type Event, formatAct } from "@isoline/core/event";
import { Classes, namePath, parsePolicy } from "@isoline/core/identity";
import { type ActLine, completed, matches, type Question } from "./question.ts";

export interface Answer {
  readonly event: Event;
  readonly explanation: Explanation;
  /** The event of the question was incomplete, and was completed from the nearest event. */
  readonly assumed: boolean;
}

/** Number of actors that are tried for an act without an actor. */
const MOST_ACTORS = 500;

/** The actor whose acts are nearest is the most likely one. */
const ranks: readonly Reason[] = [
  "on-contour",
  "other-access",
  "changed-attributes",
  "changed-content",
  "other-credentials",
  "other-act",
  "new-target",
  "new-place",
  "other-program",
  "nothing-like-it",
  "new-lineage",
  "other-call",
  "changed-program",
  "new-program",
];

/** Every learnt event that the question fits; else the nearest explanation of an act, and none for a pattern. */
export function answers(question: Question, contour: Contour, actors: readonly Actor[]): readonly Answer[] {
  const learnt = new Neighbourhood(contour);
  const classes = new Classes(parsePolicy(JSON.parse(contour.policy)).classes);
  const answer = (asked: Event, assumed = false): Answer => {
    const { event } = classes.of(asked, () => namePath(contour.taskChain(asked.actor.task)));
    return { event, explanation: explainEvent(event, learnt), assumed };
  };
  switch (question.kind) {
    case "point":
      return [answer(contour.event(question.index))];
    case "event":
      return [answer(question.event)];
    case "query": {
      const wanted = new Set(actors);
      const view = viewsOf(contour);
      const known: Answer[] = [];
      for (let index = 0; index < contour.size; index++) {
        if (!wanted.has(contour.actor(index))) continue;
        const event = contour.event(index);
        if (question.query.matches(event, view(contour.actorNumber(index)))) known.push(answer(event));
      }
      return known.length > 0 || question.act === undefined ? known : [nearest(question.act, contour, actors, answer)];
    }
  }
}

function nearest(
  { op, words }: ActLine,
  contour: Contour,
  actors: readonly Actor[],
  answer: (event: Event, assumed: boolean) => Answer,
): Answer {
  const pattern = patternFor(op, words, contour);
  const tried = (actors.length > 0 ? actors : contour.actors).slice(0, MOST_ACTORS);
  const found = tried.map((actor) => {
    const event = completed(op, words, actor, pattern);
    return answer(event, formatAct(event).split(" ").length - 1 > words.length);
  });
  const rank = ({ explanation }: Answer) => ranks.indexOf(explanation.reason);
  return found.reduce((best, other) => (rank(other) < rank(best) ? other : best));
}

/** The event of the same operation that matches most of the words. */
function patternFor(op: Event["op"], words: readonly string[], contour: Contour): Event | undefined {
  let best: Event | undefined;
  let most = -1;
  for (let index = 0; index < contour.size; index++) {
    const event = contour.event(index);
    if (event.op !== op) continue;
    const fits = words.filter((word) => matches(event, op, [word])).length;
    if (fits > most) [best, most] = [event, fits];
  }
  return best;
}
