/** The end of a namespace in a thread that serves several: said in parts, whole and in order. */
import { describe, expect, it } from "vitest";
import { lastWords, type Leaving } from "./last-words.ts";
import type { LastFindings, SupervisorMessage } from "./messages.ts";
import type { DepartureReport } from "./report.ts";

const PAGES = [["a", "b"], ["c"]].map((points) => points.map((point) => ({ point }) as DepartureReport));

function leaving(finish: () => LastFindings = () => ({ off: 3 }) as LastFindings, isUnderWay = false) {
  const happened: string[] = [];
  const note = (what: string) => () => void happened.push(what);
  const parts: Leaving = {
    session: {
      hardware: { isUnderWay } as Leaving["session"]["hardware"],
      ending: note("end told"),
      finish,
      close: note("session closed"),
      *departuresInPages() {
        yield* PAGES;
      },
    },
    driver: { end: () => null, close: note("listener closed") },
    mailbox: { answer: () => "go-on" },
  };
  const said: SupervisorMessage[] = [];
  return { words: lastWords(parts, (message) => said.push(message)), said, happened };
}

describe("the end of a namespace", () => {
  it("is said a page of departures at a time, so that others have their turn between two", () => {
    const { words, said } = leaving();
    expect(words.next().done).toBe(false);
    expect(said).toEqual([{ kind: "departures", departures: PAGES[0] }]);
    expect(words.next().done).toBe(false);
    expect(said).toHaveLength(2);
    expect(words.next().done).toBe(true);
    expect(said.slice(1)).toEqual([
      { kind: "departures", departures: PAGES[1] },
      { kind: "ended", findings: { off: 3 } },
    ]);
  });

  it("is said when it is recorded, so that others have their turn until then", () => {
    const { words, said, happened } = leaving(undefined, true);
    expect([words.next().done, said, happened]).toEqual([false, [], ["end told"]]);
    expect([...words].length + said.length).toBe(2 + 3);
  });

  it("closes the listener when everything was said", () => {
    const { words, said, happened } = leaving();
    words.next();
    expect(happened).toEqual(["end told"]);
    expect([...words, said.length, ...happened.slice(1)]).toEqual([undefined, 3, "session closed", "listener closed"]);
  });

  it("is an error where what was observed cannot be written, before anything is said of it", () => {
    const { words, said } = leaving(() => {
      throw new Error("the disk is full");
    });
    expect(() => words.next()).toThrow("the disk is full");
    expect(said).toEqual([]);
  });
});
