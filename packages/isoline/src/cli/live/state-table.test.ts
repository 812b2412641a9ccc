import { ZERO_DIGEST } from "@isoline/core/digest";
import type { Departure } from "@isoline/core/engine";
import { parseAct } from "@isoline/core/event";
import { describe, expect, it } from "vitest";
import type { State } from "../../control/protocol.ts";
import { Gravest } from "../../namespace/gravest.ts";
import { gravestFirst, stateTable } from "./state-table.ts";

const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0 };
const actor = { task: ZERO_DIGEST, parent: ZERO_DIGEST, credentials: { ...ids, capabilities: 0n } };
const departed = (act: string) => ({ event: parseAct(act, actor) }) as Departure;
const read = (path: string) => departed(`open access=read path=${path} mode=0100600 uid=user gid=user fs=disk`);

const state = (name: string, consequence?: string): State =>
  ({
    name,
    pid: 1,
    mode: "watch",
    points: 1,
    events: 1,
    off: consequence === undefined ? 0 : 1,
    command: "x",
    ...(consequence !== undefined && { gravest: { consequence, act: "x" } }),
  }) as unknown as State;

describe("live namespaces", () => {
  it("with the gravest departure come first, those without one last, and others keep their order", () => {
    const states = [state("a"), state("b", "read"), state("c", "network"), state("d", "credentials"), state("e")];
    expect(gravestFirst(states).map(({ name }) => name)).toEqual(["d", "c", "b", "a", "e"]);
  });

  it("are a table that says the gravest consequence, and shows nothing that a socket made up", () => {
    const lines = stateTable([state("a", "credentials"), state("b"), state("c", "\u001b[2J harmless")]);
    expect(lines[0]).toMatch(/^NAME +PID +MODE +POINTS +EVENTS +OFF +GRAVEST +COMMAND$/);
    expect(lines[1]).toMatch(/ 1 +credentials +x$/);
    expect(lines.slice(2).map((line) => / - +x$/.test(line))).toEqual([true, true]);
    expect(lines.join("")).not.toContain("\u001b[2J");
  });
});

describe("the gravest departure", () => {
  it("is absent at first, and stays until a graver one comes", () => {
    const gravest = new Gravest();
    const departures: Departure[] = [];
    expect(gravest.among(departures)).toBeUndefined();
    departures.push(read("$CWD/notes.txt"));
    expect(gravest.among(departures)).toMatchObject({ consequence: "read" });
    departures.push(read("$HOME/.ssh/id_ed25519"), read("$CWD/more.txt"));
    expect(gravest.among(departures)).toMatchObject({
      consequence: "credentials",
      act: expect.stringContaining("path=$HOME/.ssh/id_ed25519"),
    });
  });
});
