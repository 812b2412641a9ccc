/**
 * Lookups as no resolver makes them, addresses without a name, addresses that were kept, and a machine on which the supervisor
 * cannot stand in for name servers.
 */
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Ended } from "../support/isoline.ts";
import { Lab, PORT, possible } from "./lab.ts";
import { isCI } from "../support/machine.ts";

const [FIRST, SECOND, EVIL, SIX] = ["198.51.100.7", "198.51.100.8", "198.51.100.66", "2001:db8::7"];
const python = existsSync("/usr/bin/python3");
const [NO_ERROR, FORMAT_ERROR, NO_SUCH_NAME] = ["0\n", "1\n", "3\n"];

describe.skipIf(!isCI || !possible || !python)(
  "lookups (only in CI; needs root, a build, dnsmasq, iproute2, python3)",
  () => {
    let lab: Lab;
    let learnt: Ended;
    let contour: readonly string[];
    beforeAll(async () => {
      lab = new Lab();
      lab.serve({ "service.test": FIRST });
      learnt = await lab.learn(lab.odd("case"));
      contour = lab.hosts();
    });
    afterAll(() => lab?.clear());
    const check = async (way: string, ...words: readonly string[]) => {
      const { status, stdout } = await lab.run(
        ["check -q contour --report report.json", ...words].join(" "),
        lab.odd(way),
      );
      return { status, stdout, acts: lab.departures() };
    };

    it("are called alike however they are spelt", () => {
      expect([learnt.status, learnt.stdout]).toEqual([0, NO_ERROR]);
      expect(contour).toEqual([
        "connect family=inet type=dgram address=$RESOLVER:53",
        "resolve name=service.test records=address",
      ]);
    });

    it.each([
      ["write", "written.test"],
      ["child", "inherited.test"],
      ["bound", "bound.test"],
      ["several", "unconnected.test"],
      ["stream", "streamed.test"],
      ["mapped", "mapped.test"],
    ])("by %s are seen, and leave as they are seen", async (way, name) => {
      const { status, stdout, acts } = await check(way);
      expect([status, stdout]).toEqual([3, NO_SUCH_NAME]);
      expect(acts).toContainEqual(expect.stringMatching(`^resolve name=${name} records=address`));
      expect(lab.asked()).toEqual([name]);
    });

    it.each([
      ["write", "written.test"],
      ["child", "inherited.test"],
    ])("by %s are refused, and do not leave", async (way, name) => {
      const { status, stdout, acts } = await check(way, "--enforce");
      expect([status, stdout]).toEqual([3, NO_SUCH_NAME]);
      expect(acts).toContainEqual(expect.stringMatching(`^resolve name=${name} records=address`));
      expect(lab.asked()).toEqual([]);
    });

    it.each(["tail", "two", "loop"])("that are no question go nowhere in any mode: %s", async (way) => {
      for (const words of [[], ["--enforce"]]) {
        const { status, stdout, acts } = await check(way, ...words);
        expect([status, stdout]).toEqual([3, FORMAT_ERROR]);
        expect(acts).toEqual([expect.stringMatching(/^resolve name=\?malformed records=unknown/)]);
        expect(lab.asked()).toEqual([]);
      }
    });

    it("with an option of the program's own are on contour: the option stays here", async () => {
      expect(await check("option", "--enforce")).toEqual({ status: 0, stdout: NO_ERROR, acts: [] });
      expect(lab.asked()).toEqual(["service.test"]);
    });

    it("of another kind of record are another act", async () => {
      const { acts } = await check("text", "--enforce");
      expect(acts).toEqual([expect.stringMatching(/^resolve name=service\.test records=txt/)]);
      expect(lab.asked()).toEqual([]);
    });

    it("are answered by a process that no task can reach, as it cannot reach the supervisor", async () => {
      const { stdout } = await check("maker");
      expect([stdout, lab.bench.report().kept > 0]).toEqual(["1\n1\n1\n0\n", true]);
    });

    it("whose socket is then used for another host: that is an act, and reaches no host", async () => {
      const { status, acts } = await check("elsewhere");
      expect([status, acts]).toEqual([3, [expect.stringMatching(`^connect .*type=dgram address=${EVIL}:${PORT}`)]]);
    });
  },
);

describe.skipIf(!isCI || !possible)("addresses (only in CI; needs root, a build, dnsmasq, iproute2)", () => {
  let lab: Lab;
  let program: readonly string[] | undefined;
  beforeAll(async () => {
    lab = new Lab();
    lab.serve({ "service.test": FIRST });
    program = lab.client("glibc");
    if (program !== undefined) await lab.learn([...program, "service.test", PORT]);
  });
  afterAll(() => lab?.clear());
  const check = (to: string, ...words: readonly string[]) =>
    lab.run(["check -q contour --report report.json", ...words].join(" "), [...(program ?? []), to, PORT]);

  it("without a name stay addresses", async ({ skip }) => {
    skip(program === undefined, "no compiler");
    await lab.learn([...(program ?? []), FIRST, PORT], "other");
    expect(lab.hosts("other")).toEqual([`connect family=inet type=stream address=${FIRST}:${PORT}`]);
  });

  it.each([[], ["--enforce"]])(
    "that a program has kept are the name's, if the name leads there now %s",
    async (...words) => {
      lab.serve({ "service.test": `${FIRST} ${SECOND}` });
      const { status, stdout } = await check(SECOND, ...words);
      expect([status, stdout, lab.departures()]).toEqual([0, "connected\n", []]);
      expect(lab.asked()).toContain("service.test");
    },
  );

  it("to which no name on the contour leads are departures, and refused", async () => {
    const { status, stdout } = await check(EVIL, "--enforce");
    expect([status, stdout]).toEqual([3, "not connected\n"]);
    expect(lab.departures()).toEqual([expect.stringMatching(`^connect .*address=${EVIL}:${PORT}`)]);
  });

  it("of both families are one point", async () => {
    lab.serve({ "service.test": SIX });
    const { status, stdout } = await check("service.test", "--enforce");
    expect(lab.departures()).toEqual([expect.stringMatching("^socket family=inet6 type=stream")]);
    expect([status, stdout]).toEqual([3, "not connected\n"]);
    await lab.learn([...(program ?? []), "service.test", PORT], "six");
    expect(lab.hosts("six")).toEqual(lab.hosts());
  });

  it.each(["musl", "c-ares"] as const)("more than fit into a datagram come by stream: %s", async (client) => {
    const many = lab.client(client);
    if (many === undefined) return;
    lab.serve({ "big.test": Array.from({ length: 90 }, (_, index) => `198.51.100.${100 + index}`).join(" ") });
    const { status, stdout } = await lab.learn([...many, "big.test", PORT], "big");
    expect([status, stdout]).toEqual([0, "connected\n"]);
    expect(lab.hosts("big")).toContain(`connect family=inet type=stream address=big.test:${PORT}`);
    expect(lab.hosts("big").join("\n")).toContain("type=stream address=$RESOLVER:53");
  });

  it("without user namespaces: port 53 is a loss, refused when enforcing; nscd is answered", async () => {
    const asks = lab.client("c-ares") as readonly string[];
    lab.serve({ "service.test": FIRST });
    await lab.learn([...asks, "service.test", PORT], "asks");
    const words = "check -q asks --report report.json";
    const watched = await lab.run(words, [...asks, "service.test", PORT], "/usr/bin/unshare");
    expect([watched.status, watched.stdout]).toEqual([4, "connected\n"]);
    expect(lab.bench.report().incomplete).toEqual([
      expect.objectContaining({ reason: expect.stringContaining("names.md") }),
    ]);
    const enforced = await lab.run(`${words} --enforce`, [...asks, "service.test", PORT], "/usr/bin/unshare");
    expect(enforced.stdout).toBe("not found\n");
    expect(lab.asked()).toEqual([]);
    const answered = await lab.run("check -q contour", [...(program ?? []), "service.test", PORT], "/usr/bin/unshare");
    expect([answered.status, answered.stdout]).toEqual([0, "connected\n"]);
  });
});
