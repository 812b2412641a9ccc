import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { Contour } from "../contour/contour.ts";
import { type Digest, isDigest } from "../digest.ts";
import { quixote } from "./quixote.ts";
import type { TsemEvent } from "./tsem-event.ts";
import { tsemEventNames } from "./tsem-facts.ts";
import { TsemReader } from "./tsem-json.ts";

const fixture = (name: string) =>
  readFileSync(new URL(`./fixtures/${name}`, import.meta.url), "utf8")
    .trim()
    .split("\n");
const trajectory = fixture("trajectory-75.jsonl");
const coefficients = fixture("trajectory-75.coefficients.quixote.txt");
const AGGREGATE = "de2b9c37eb1ceefa4bcbc6d8412920693d3272f30eb5ba98d51d2f898d620289" as Digest;

function eventOf(line: string): TsemEvent {
  const record = new TsemReader(quixote).read(line);
  if (record.kind !== "event") throw new Error(`no event: ${JSON.stringify(record)}`);
  return record.event;
}

function learn(aggregate?: Digest): Contour<TsemEvent> {
  const contour = Contour.create({ profile: quixote, policy: "{}", aggregate });
  for (const line of trajectory) contour.add(eventOf(line));
  return contour;
}

/** A line of the trajectory with its attributes replaced. */
function withCell(type: string, cell: unknown, coe: object = {}): string {
  const line = JSON.parse(trajectory[0] as string) as { event: object; COE: object };
  return JSON.stringify({ event: { ...line.event, type }, COE: { ...line.COE, ...coe }, [type]: cell });
}

const pointOf = (line: string) => Contour.create({ profile: quixote, policy: "{}" }).add(eventOf(line)).point;
const sock = (family: string) => ({ family, type: "1", protocol: "0", owner: "11".repeat(32) });
const openCell = () =>
  (JSON.parse(trajectory[0] as string) as { file_open: { file: { inode: object; path: object } } }).file_open;

describe("points of the published agent", () => {
  test.each(trajectory.map((line, at) => [at + 1, line, coefficients[at] as string] as const))(
    "event %i",
    (_at, line, coefficient) => {
      expect(pointOf(line)).toBe(coefficient);
    },
  );

  test("measurement and state without an aggregate", () => {
    const contour = learn();
    expect(contour.size).toBe(75);
    expect(contour.measurement()).toBe("d5eaf9ee1bfb4b82155b15356072e3295240cdac96cc335b35675f4071247caf");
    expect(contour.state()).toBe("823d25ad731c4b586c4f95b311d3fb1b05956373f398c05e5a027e8e2782c8b7");
  });

  test("measurement and state under an aggregate", () => {
    const contour = learn(AGGREGATE);
    expect(contour.measurement()).toBe("8838ea7bccc107cd904f974328c2a82eb0ee57f3dd9b358ae8fd70b5ab382108");
    expect(contour.state()).toBe("64c20d64fe3c02b9b36c4774643af085a44fb42256ee2959c768ca14812ecacf");
  });

  test("verdicts under a sealed model of the first 50 points", () => {
    const contour = Contour.create({ profile: quixote, policy: "{}", aggregate: AGGREGATE });
    for (const line of trajectory.slice(0, 50)) contour.add(eventOf(line));
    contour.seal();
    const verdicts = trajectory.map((line) => (contour.indexOf(eventOf(line)) >= 0 ? 0 : 1));
    const expected = fixture("replay-first50.expected.txt")
      .slice(0, 75)
      .map((line) => Number(/discipline=(\d)/.exec(line)?.[1]));
    expect(verdicts).toEqual(expected);
    const model = fixture("model-first50.txt")
      .filter((line) => line.startsWith("state "))
      .map((line) => line.slice(6));
    expect(model.every((point) => isDigest(point) && contour.indexOfPoint(point) >= 0)).toBe(true);
  });

  test("the names of the agent's table", () => {
    expect(["undefined", ...tsemEventNames]).toEqual(fixture("event-names.quixote.txt"));
  });
});

describe("defects that are reproduced", () => {
  test("fsgid counts for nothing, fsuid does", () => {
    const cell = openCell();
    expect(pointOf(withCell("file_open", cell, { fsgid: "7" }))).toBe(pointOf(withCell("file_open", cell)));
    expect(pointOf(withCell("file_open", cell, { fsuid: "7" }))).not.toBe(pointOf(withCell("file_open", cell)));
  });

  test("of other addresses, connect hashes eight bytes and accept all 32", () => {
    const lines = ["00", "ff"].map((end) => ({
      sock: sock("16"),
      addr: { af_other: { address: `${"aa".repeat(31)}${end}` } },
    }));
    const [connected, accepted] = ["socket_connect", "socket_accept"].map(
      (type) => new Set(lines.map((cell) => pointOf(withCell(type, cell)))).size,
    );
    expect([connected, accepted]).toEqual([1, 2]);
  });

  test("of an event without modelled attributes, only the name counts", () => {
    expect(pointOf(withCell("capable", { cap: "1", opts: "0" }))).toBe(
      pointOf(withCell("capable", { cap: "21", opts: "2" })),
    );
    expect(pointOf(withCell("capable", {}))).not.toBe(pointOf(withCell("capget", {})));
  });
});

describe("levelling", () => {
  test("the uuid of a tmpfs counts for nothing, that of a disk does", () => {
    const onto = (s_magic: string, s_uuid: string) => {
      const { file } = openCell();
      return withCell("file_open", { file: { ...file, inode: { ...file.inode, s_magic, s_uuid } } });
    };
    expect(pointOf(onto("0x01021994", "11".repeat(16)))).toBe(pointOf(onto("0x1021994", "22".repeat(16))));
    expect(pointOf(onto("0xef53", "11".repeat(16)))).not.toBe(pointOf(onto("0xef53", "22".repeat(16))));
  });

  test("a file that the namespace created is known by directory, creator and number", () => {
    const created = (pathname: string, instance: string) => {
      const { file } = openCell();
      return withCell("file_open", {
        file: { ...file, path: { type: "root", instance, owner: "22".repeat(32), pathname } },
      });
    };
    expect(pointOf(created("/tmp/a1b2", "1"))).toBe(pointOf(created("/tmp/c3d4", "1")));
    expect(pointOf(created("/tmp/a1b2", "1"))).not.toBe(pointOf(created("/tmp/a1b2", "2")));
    expect(pointOf(created("/tmp/a1b2", "1"))).not.toBe(pointOf(created("/var/a1b2", "1")));
  });
});

describe("events that the agent has no definite point for", () => {
  const inet = (family: string, key: string) => ({
    sock: sock(family),
    addr: { [key]: { port: "16415", address: "16777343", flow: "0", scope: "0" } },
  });
  test.each([
    ["socket_connect", "10", "af_inet6"],
    ["socket_bind", "10", "af_inet6"],
    ["socket_accept", "10", "af_inet6"],
    ["socket_accept", "2", "af_inet"],
  ])("%s of family %s", (type, family, key) => {
    const record = new TsemReader(quixote).read(withCell(type, inet(family, key)));
    expect(record.kind).toBe("outside");
    expect(record.kind === "outside" && record.reason).toMatch(
      /^quixote leaves the port of an IPv[46] socket_\w+ unset$/,
    );
  });

  test("an IPv4 connect has one, and shows port and address as people write them", () => {
    expect(eventOf(withCell("socket_connect", inet("2", "af_inet"))).act).toMatch(/ port=8000 address=127\.0\.0\.1$/);
  });
});
