/** Reads what an engine answers. A hostile engine can be wrong about points; it can make nothing else of a sensor. */
import { type Consequence, departureClasses, isConsequence } from "@isoline/core/engine";
import { type CoreErrorCode, coreErrors } from "@isoline/core/error";
import { refused } from "./faults.ts";
import { type AnswerTo, type Facts, PIECE_BYTES, type QuestionName, type ToldDeparture } from "./messages.ts";
import { bytes, digest, type Json, line, list, natural, oneOf, optional, parseJson, record, truth } from "./shapes.ts";

const U32 = 0xffff_ffff;
const MOST_DEPARTURES = 1000;
const MOST_CHANGES = 4096;
const MOST_COUNTS = 65_536;
const codes = Object.keys(coreErrors) as CoreErrorCode[];

/** The answer in a frame, as an object whose members are still to be read; throws what the engine refused. */
export function answerIn(frame: Buffer): Json {
  const { answer, refused: why } = record(parseJson(frame), "a frame");
  if (why !== undefined) throw refused(`the engine refused: ${line(why, "a refusal", 4096)}`);
  return answer;
}

export function readAnswer<N extends QuestionName>(name: N, json: Json): AnswerTo<N> {
  const answer = record(json, "an answer");
  return (readers[name] as (answer: Members) => AnswerTo<N>)(answer);
}

type Members = { readonly [name: string]: Json };

const readers: { readonly [N in QuestionName]: (answer: Members) => AnswerTo<N> } = {
  open: () => ({}),
  piece: () => ({}),
  begin: readFacts,
  facts: readFacts,
  seal: readFacts,
  portable: ({ state, measurement, points, bound }) => ({
    state: digest(state, "a state"),
    measurement: digest(measurement, "a measurement"),
    points: natural(points, "a number of points", U32),
    bound: optional(bound, (json) => digest(json, "a bound state")) ?? null,
  }),
  judge: ({ verdict, refuse, known, reaction, code, points }) => {
    const reacts = optional(reaction, (json) => oneOf(json, "a reaction", ["freeze", "kill"] as const));
    const why = optional(code, (json) => oneOf(json, "a code", codes));
    return {
      verdict: oneOf(verdict, "a verdict", ["on", "off", "lost"] as const),
      refuse: truth(refuse, "whether it is refused"),
      known: natural(known, "a known verdict", U32),
      ...(reacts ? { reaction: reacts } : {}),
      ...(why ? { code: why } : {}),
      points: natural(points, "a number of points", U32),
    };
  },
  "is-on": ({ isOn }) => ({ isOn: truth(isOn, "whether it is on the contour") }),
  explain: ({ consequence, why }) => ({ consequence: readConsequence(consequence), why: line(why, "why") }),
  departures: ({ departures }) => ({ departures: list(departures, "departures", MOST_DEPARTURES).map(readDeparture) }),
  contour: ({ content, isLast }) => ({
    content: bytes(content, "a piece of the contour", PIECE_BYTES).toString("base64"),
    isLast: truth(isLast, "whether it is the last piece"),
  }),
  occurrences: ({ counts, isLast }) => ({
    counts: list(counts, "counts", MOST_COUNTS).map((json) => {
      const [point, count] = list(json, "a count", 2);
      return [digest(point, "a point"), natural(count, "a count")] as const;
    }),
    isLast: truth(isLast, "whether these are the last"),
  }),
};

function readFacts({ profile, policy, points, state, measurement, tally }: Members): Facts {
  const counted = record(tally, "a tally");
  const count = (name: string) => natural(counted[name], name);
  return {
    profile: line(profile, "a profile", 64),
    policy: digest(policy, "the digest of the policy"),
    points: natural(points, "a number of points", U32),
    state: digest(state, "a state"),
    measurement: digest(measurement, "a measurement"),
    tally: { events: count("events"), novel: count("novel"), off: count("off"), refused: count("refused") },
  };
}

function readDeparture(json: Json): ToldDeparture {
  const { point, why, consequence, class: kind, changed, renamed, isNewTask } = record(json, "a departure");
  return {
    point: digest(point, "a point"),
    why: line(why, "why"),
    consequence: readConsequence(consequence),
    class: oneOf(kind, "a class of departures", departureClasses),
    changed: list(changed, "changes", MOST_CHANGES).map((change) => {
      const { path, from, to } = record(change, "a change");
      return { path: line(path, "a path"), from: digest(from, "a digest"), to: digest(to, "a digest") };
    }),
    renamed: list(renamed, "moves", MOST_CHANGES).map((move) => {
      const { from, to } = record(move, "a move");
      return { from: line(from, "a path"), to: line(to, "a path") };
    }),
    isNewTask: truth(isNewTask, "whether its task is new"),
  };
}

function readConsequence(json: Json): Consequence {
  const word = line(json, "a consequence", 64);
  if (isConsequence(word)) return word;
  throw refused(`a consequence: expected a word of docs/consequences.md, got ${JSON.stringify(word)}`);
}
