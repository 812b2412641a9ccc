/** A run that is recorded in a TPM while its engine is at the other end of a wire. */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { needsSwtpm } from "../attest/swtpm.ts";
import { isBuilt } from "../support/isoline.ts";
import { TestEngine } from "../wire/engine.ts";
import { hex, Recorded } from "./supervised.ts";

const SCRIPT = "cat /etc/hostname > /dev/null";

describe.skipIf(needsSwtpm || !isBuilt)(
  "recorded here, decided elsewhere (needs swtpm, tpm2-tools and a build)",
  () => {
    let host: Recorded;
    let engine: TestEngine;
    beforeAll(async () => {
      host = new Recorded();
      engine = new TestEngine();
      await Promise.all([host.tpm.start(), engine.start()]);
      await host.run(["learn", "-o", "a.contour"], SCRIPT);
    });
    afterAll(async () => {
      await engine?.close();
      await host?.close();
    });
    const check = (script: string, onUp?: () => unknown) =>
      host.run(["check", "a.contour", ...host.options, ...engine.options], script, onUp);
    const facts = () => host.ledger.namespaces.get(host.report.tpm?.birth ?? -1);

    it("has a departure in the TPM before its call goes ahead", async () => {
      // What departs reads the ledger itself: by then its own departure must be in it.
      const { status } = await check(`${SCRIPT}; cp ${host.at("ledger")}/*.ledger ${host.at("seen")}`);
      expect(status).toBe(3);
      const { departures = [], end, birth } = facts() ?? {};
      expect(departures).toHaveLength(host.report.tpm?.departures ?? -1);
      expect(departures.length).toBeGreaterThan(0);
      expect(readFileSync(host.at("seen")).toString("hex")).toContain(hex(departures[0]?.point));
      expect(hex(end?.state)).toBe(host.report.state);
      expect(hex(birth?.state)).toBe(host.report.state);
      expect(end).toMatchObject({ events: host.report.events, off: host.report.off });
      expect(host.pcr(13)).toBe(hex(host.ledger.births.value));
    });

    it("is refused while it learns, with the reason", async () => {
      const { status, stderr } = await host.run(
        ["learn", "-o", "b.contour", ...host.options, ...engine.options],
        SCRIPT,
      );
      expect([status, stderr]).toEqual([2, expect.stringContaining("is that engine's")]);
    });

    it("has the loss in the TPM that an engine leaves which is gone", async () => {
      const kill = () => {
        engine.child?.kill("SIGKILL");
        host.open();
      };
      spawnSync("mkfifo", [host.at("gate")]);
      await host.run(["learn", "-o", "a.contour", "--merge"], waiting("/etc/hostname"), () => host.open());
      await check(waiting("/etc/passwd"), kill);
      const reasons = facts()?.losses.map(({ reason }) => reason) ?? [];
      expect(reasons).toContain("the engine behind the wire is lost, so an act was not decided");
      expect(host.pcr(13)).toBe(hex(host.ledger.births.value));
    });
  },
);

const waiting = (file: string) => `: > up; read a < gate; cat ${file} > /dev/null`;
