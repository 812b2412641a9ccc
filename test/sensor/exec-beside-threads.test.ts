/** An exec ends the other threads of its process, also those whose calls wait for the supervisor. */
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { isBuilt, isoline } from "../support/isoline.ts";
import { compiler, workplace } from "./case.ts";

describe.skipIf(!compiler || !isBuilt)("an exec beside threads that make calls (needs gcc, a build)", () => {
  it("is settled by a call of the program that was executed, and by none of a thread that it ended", async () => {
    const cwd = workplace();
    const source = fileURLToPath(new URL("exec-beside-threads.c", import.meta.url));
    execFileSync("gcc", ["-O1", "-pthread", "-o", join(cwd, "program"), source]);
    await isoline(["learn", "-q", "-o", "program.contour", "--", "./program", "4"], { cwd });
    const enforced = ["run", "--enforce", "--report", "report.json", "program.contour", "--", "./program", "300"];
    const { status } = await isoline(enforced, { cwd });
    const { verdict, incomplete } = JSON.parse(readFileSync(join(cwd, "report.json"), "utf8"));
    expect({ status, verdict, incomplete }).toEqual({ status: 0, verdict: "on-contour", incomplete: [] });
  });
});
