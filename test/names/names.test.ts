/**
 * A contour calls hosts by name, for every kind of resolver: the name server then leads to another address, and the run stays on
 * contour. A name that is not on contour is not asked for when enforcing.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Client, Lab, PORT, possible } from "./lab.ts";
import { isCI } from "../support/machine.ts";

const [FIRST, SECOND, EVIL] = ["198.51.100.7", "198.51.100.8", "198.51.100.66"];
const CONNECT = `connect family=inet type=stream address=service.test:${PORT}`;
const RESOLVE = "resolve name=service.test records=address";
/** How each resolver reaches its name server; the C library asks nscd. */
const ways: Readonly<Record<Exclude<Client, "curl">, readonly string[]>> = {
  glibc: [],
  Python: [],
  "c-ares": ["connect family=inet type=dgram address=$RESOLVER:53"],
  Go: ["connect family=inet type=dgram address=$RESOLVER:53"],
  musl: ["send family=inet type=dgram address=$RESOLVER:53"],
};

/** Go takes most of a minute to compile a program. */

describe.skipIf(!possible)("hosts by name (needs root, a build, dnsmasq, iproute2)", () => {
  let lab: Lab;
  beforeAll(() => {
    lab = new Lab();
  });
  afterAll(() => lab?.clear());

  for (const client of Object.keys(ways) as (keyof typeof ways)[]) {
    const isLeftOut = client === "Go" && !isCI;
    describe.skipIf(isLeftOut)(`the resolver of ${client}${isLeftOut ? " (compiled in CI only)" : ""}`, () => {
      resolves(client);
    });
  }

  function resolves(client: keyof typeof ways): void {
    let program: readonly string[] | undefined;
    const check = (name: string, ...words: readonly string[]) =>
      lab.run(["check -q contour --report report.json", ...words].join(" "), [...(program ?? []), name, PORT]);

    beforeAll(async () => {
      program = lab.client(client);
      if (program === undefined) return;
      lab.serve({ "service.test": FIRST, "evil.test": EVIL });
      await lab.learn([...program, "service.test", PORT]);
    });

    it("leads to points with names", ({ skip }) => {
      skip(program === undefined, "not installed");
      expect(lab.hosts()).toEqual([...ways[client], CONNECT, RESOLVE].toSorted());
    });

    it.each([[], ["--enforce"]])("leads to another address, and the run stays on contour %s", async (...words) => {
      lab.serve({ "service.test": SECOND });
      const { status, stdout } = await check("service.test", ...words);
      expect([status, stdout, lab.departures()]).toEqual([0, "connected\n", []]);
    });

    it("is asked for another name: a departure that says it", async () => {
      lab.serve({ "service.test": FIRST, "evil.test": EVIL });
      const { status, stdout } = await check("evil.test");
      expect([status, stdout]).toEqual([3, "connected\n"]);
      expect(lab.departures().toSorted()).toEqual([
        expect.stringMatching(`^connect .*address=evil\\.test:${PORT}`),
        expect.stringMatching(/^resolve name=evil\.test records=address/),
      ]);
    });

    it("is refused another name, which no name server is asked for", async () => {
      const { status, stdout } = await check("c2VjcmV0.service.test", "--enforce");
      expect([status, stdout]).toEqual([3, "not found\n"]);
      expect(lab.departures()).toEqual([
        expect.stringMatching(/^resolve name=c2vjcmv0\.service\.test records=address/),
      ]);
      expect(lab.asked()).toEqual([]);
    });
  }
});
