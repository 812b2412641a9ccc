/** The published form of a report: real reports fit it, page and schema name the same members, and what does not fit is seen. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { reportSchema as schema } from "../support/report.ts";
import { faultsIn } from "../support/schema.ts";

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const page = readFileSync(fromHere("../../docs/report.md"), "utf8");

describe.skipIf(!isBuilt)("a report (needs a build)", () => {
  let place = "";
  const reportOf = async (...args: readonly string[]) => {
    await isoline([...args], { cwd: place });
    return JSON.parse(readFileSync(join(place, "report.json"), "utf8")) as Record<string, unknown>;
  };
  beforeAll(() => {
    place = mkdtempSync(join(tmpdir(), "isoline-report-"));
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  const report = ["--report", "report.json"];
  const command = ["--", "sh", "-c", "cat /etc/hostname > /dev/null"];
  const another = ["--", "sh", "-c", "cat /etc/passwd > /dev/null; kill -TERM $$"];

  it("of every way to run a command fits the schema", async () => {
    const reports = {
      learnt: await reportOf("learn", "-o", "a.contour", ...report, ...command),
      on: await reportOf("check", "a.contour", ...report, ...command),
      off: await reportOf("check", "a.contour", ...report, ...another),
      enforced: await reportOf("run", "a.contour", "--enforce", ...report, ...another),
      measured: await reportOf("check", "a.contour", "--ima-policy", "tcb", ...report, ...command),
    };
    expect(
      Object.entries(reports).flatMap(([name, each]) => faultsIn(each, schema).map((fault) => `${name}: ${fault}`)),
    ).toEqual([]);
    // What makes the reports differ was there.
    expect(reports.off).toMatchObject({ verdict: "off-contour", exit: { signal: "SIGTERM" }, landlock: null });
    expect(reports.enforced["landlock"]).not.toBeNull();
    expect(reports.measured["integrity"]).not.toBeNull();
  });

  it.each([
    ["another version", { isoline: 2 }, "$.isoline: expected 1"],
    ["a member that is not known", { more: 1 }, "$: does not know more"],
    ["a number below zero", { events: -1 }, "$.events: expected at least 0"],
    ["text for a number", { points: "many" }, "$.points: expected integer"],
    ["a half departure", { departures: [{ why: "a" }] }, "$.departures[0]: lacks point"],
    ["an unknown verdict", { verdict: "fine" }, "$.verdict: expected one of"],
  ])("with %s does not fit", async (_, change, fault) => {
    const whole = await reportOf("learn", "-o", "b.contour", ...report, "--", "true");
    expect(faultsIn({ ...whole, ...change }, schema).join("\n")).toContain(fault);
  });

  it("has on its page the members that it has in the schema", () => {
    const rows = page.split("\n## ")[0]?.match(/^\| `[^|]+ \|/gm) ?? [];
    const named = rows.flatMap((row) => [...row.matchAll(/`(\w+)`/g)].map(([, name]) => name ?? ""));
    expect(named.sort()).toEqual(Object.keys(schema["properties"] as object).sort());
  });
});
