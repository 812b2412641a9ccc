/** The words of departures that a node tells its verifier: what is asked of supervisors for them, and what the node's process holds. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Digest } from "@isoline/core/digest";
import { eventToJson, formatAct, parseAct } from "@isoline/core/event";
import { iso1Point } from "@isoline/core/profile";
import { ControlServer } from "../../packages/isoline/src/control/server.ts";
import { DepartureWords, type News } from "../../packages/isoline/src/fleet/told-departures.ts";
import type { CountedSnapshot } from "../../packages/isoline/src/namespace/live.ts";
import type { DepartureReport } from "../../packages/isoline/src/namespace/report.ts";
import type { Ask } from "../../packages/isoline/src/namespace/requests.ts";
import { FakeNamespace } from "../control/namespace.ts";

const ids = { uid: 0, euid: 0, suid: 0, fsuid: 0, gid: 0, egid: 0, sgid: 0, fsgid: 0, capabilities: 0n };
const nobody = "0".repeat(64) as Digest;
const NOW = new Date(0).toISOString();
/** With a path of so many letters at least. */
const departure = (number: number, letters: number) => {
  const path = `/etc/${number}/${"x".repeat(letters)}`;
  const event = parseAct(`chroot path=${path}`, { task: nobody, parent: nobody, credentials: ids });
  const told = { act: formatAct(event), why: `it changed its root to ${path}`, event: eventToJson(event) };
  const counts = { count: 1, refused: 0, first: NOW, last: NOW, class: "new", chain: ["sh"] };
  return { ...told, ...counts, point: iso1Point(event) } as unknown as DepartureReport;
};

/** A namespace that has departed so many times. */
class Departing {
  off: number;
  /** From where its departures were asked for. */
  readonly asked: number[] = [];
  isSilent = false;
  readonly #letters: number;

  constructor(off: number, letters = 4) {
    this.off = off;
    this.#letters = letters;
  }

  readonly #fake = new FakeNamespace();

  readonly ask = (async (request) => {
    if (request.ask === "departures") {
      this.asked.push(request.from);
      if (this.isSilent) return new Promise(() => {});
      const count = Math.max(0, Math.min(100, this.off - request.from));
      return Array.from({ length: count }, (_, at) => departure(request.from + at, this.#letters));
    }
    const told = await this.#fake.ask(request);
    return request.ask === "snapshot" ? { ...(told as CountedSnapshot), off: this.off, departures: this.off } : told;
  }) as Ask;
}

describe("the words of departures", () => {
  let place: string;
  let words: DepartureWords;
  const servers = new Set<ControlServer>();
  const live = async (name: string, { ask }: Departing, directory = "run") => {
    const subject = { name, command: "sh", contour: "app.contour", pid: 1, ask, follow: async () => async () => {} };
    const server = await ControlServer.at(subject, name, join(place, directory, `${name}.sock`));
    servers.add(server);
    return async () => {
      servers.delete(server);
      await server.close();
    };
  };
  /** One round, in which the verifier takes everything: by label, the lines. */
  const round = async (labels: readonly string[] = []) => {
    const told = new Map<string, readonly string[]>();
    for await (const news of words.news(labels)) {
      const { canister, departures } = (news as News).told;
      told.set(
        canister,
        departures.map(({ line }) => line),
      );
      words.taken(news);
    }
    return told;
  };

  beforeEach(() => {
    place = mkdtempSync(join(tmpdir(), "isoline-words-"));
    process.env["ISOLINE_HOST_DIRECTORY"] = place;
    mkdirSync(join(place, "run/begun"), { recursive: true, mode: 0o700 });
    words = new DepartureWords();
  });
  afterEach(async () => {
    for (const server of servers) await server.close();
    servers.clear();
    delete process.env["ISOLINE_HOST_DIRECTORY"];
    rmSync(place, { recursive: true, force: true });
  });

  it("are asked for from the last hundred on, and only where something departed since", async () => {
    const many = new Departing(9950);
    await live("many", many);
    const told = (await round()).get("many") ?? [];
    expect([told.length, told.at(-1)]).toEqual([100, expect.stringContaining("/etc/9949/")]);
    expect(Math.min(...many.asked)).toBe(9850);
    const asked = many.asked.length;
    expect([(await round()).size, many.asked.length]).toEqual([0, asked]);
    many.off += 1;
    expect((await round()).get("many")?.at(-1)).toContain("/etc/9950/");
  });

  it("are asked for again where the verifier did not take them", async () => {
    await live("few", new Departing(2));
    for await (const news of words.news([])) expect(news.told.canister).toBe("few");
    expect([...(await round()).keys()]).toEqual(["few"]);
  });

  it("of one whose supervisor falls silent keep nothing back of the others, and no request for them stays behind", async () => {
    const silent = new Departing(5);
    silent.isSilent = true;
    await live("a-silent", silent);
    await live("b-other", new Departing(5));
    expect([...(await round()).keys()]).toEqual(["b-other"]);
    expect(silent.asked.length).toBe(1);
    silent.isSilent = false;
    expect([...(await round()).keys()]).toEqual(["a-silent"]);
  });

  it("cost no memory for what is over: names that begin, depart and end for ever", { timeout: 120_000 }, async () => {
    setFlagsFromString("--expose-gc");
    const collect = runInNewContext("gc") as () => void;
    const used = () => {
      collect();
      return process.memoryUsage().heapUsed;
    };
    const run = async (from: number, to: number) => {
      for (let at = from; at < to; at++) {
        const end = await live(`run-${at}`, new Departing(100, 1900));
        expect((await round()).size).toBe(1);
        await end();
      }
    };
    await run(0, 10);
    const before = used();
    await run(10, 110);
    expect(used() - before).toBeLessThan(8 * 1024 * 1024);
  });
});
