/** An act that is off contour waits for an answer; each answer has its effect, and so has none. */
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { AskingPlace, STARVED_MS } from "./run.ts";

const PYTHON = "/usr/bin/python3";
const GETPID = "39";
const ENOSYS = 38;
const READS = "cat known; for file in secret other; do cat $file || echo refused-$file.; done";

describe.skipIf(!isBuilt)("an act that waits for an answer (needs a build)", { timeout: 4 * STARVED_MS }, () => {
  let place: AskingPlace;
  beforeAll(() => {
    place = new AskingPlace();
    for (const name of ["known", "secret", "other"]) writeFileSync(place.at(name), `${name}\n`);
    learn();
  });
  afterAll(() => place.clear());

  /** Without what is asked about; jobs in the background read /dev/null. */
  const learn = () =>
    place.learn("app.contour", [
      "sh",
      "-c",
      `${READS.replaceAll("secret other", "known known")}; cat known & wait; sleep 0`,
    ]);
  const run = (...args: readonly string[]) => {
    learn();
    return place.run(["app.contour", "--ask", ...args], ["sh", "-c", READS]);
  };

  it.each([["--enforce"], []])(
    "happens once, where the answer is once; the next time it is asked about again %j",
    async (...mode) => {
      const running = run(...mode);
      const first = await running.question("secret");
      expect(running.stdout).not.toContain("secret");
      const answered = running.answer(first, "once");
      expect(answered.status).toBe(0);
      expect(answered.stderr).toMatch(/^isoline: permitted once: `cat` .* opened \$CWD\/secret for reading/);
      running.answer(await running.question("other"), "refuse");
      expect(await running.ended).toBe(0);
      expect(running.stdout).toBe("known\nsecret\nrefused-other.\n");
      const { departures } = running.report;
      expect(departures.map(({ count, refused }) => [count, refused])).toEqual([
        [1, 0],
        [1, 1],
      ]);
      expect(place.text("app.contour")).not.toContain("secret");
    },
  );

  it("happens from now on, where the answer is always: it is in the contour's file, and so is who said it", async () => {
    const running = run("--enforce");
    running.answer(await running.question("secret"), "always");
    running.answer(await running.question("other"), "always");
    await running.ended;
    expect(running.stdout).toBe("known\nsecret\nother\n");
    expect(place.text("app.contour")).toMatch(/open.*\$CWD\/secret/);
    expect(existsSync(place.at("app.contour.evidence"))).toBe(true);
    const again = place.run(["app.contour", "--enforce"], ["sh", "-c", READS]);
    expect(await again.ended).toBe(0);
    expect(again.stdout).toBe("known\nsecret\nother\n");
    expect(again.report.off).toBe(0);
  });

  it("says so where the file cannot be kept, and happens all the same", async () => {
    learn();
    writeFileSync(place.at("app.contour.sig"), "{}");
    const running = place.run(["app.contour", "--ask"], ["sh", "-c", READS]);
    const { stderr } = running.answer(await running.question("secret"), "always");
    expect(stderr).toMatch(/for this run only: app.contour is signed/);
    running.answer(await running.question("other"), "refuse");
    await running.ended;
    expect(running.stdout).toBe("known\nsecret\nrefused-other.\n");
    expect(place.text("app.contour")).not.toContain("secret");
  });

  it("is refused, where the answer is refuse, and the process is still asked about", async () => {
    const running = place.run(
      ["app.contour", "--ask"],
      ["sh", "-c", "for n in 1 2 3; do echo > new || echo not-$n.; done; echo > newer || echo end"],
    );
    running.answer(await running.question("new"), "refuse");
    // The same act of the same process is not asked about again.
    running.answer(await running.question("newer"), "once");
    await running.ended;
    expect(running.stdout).toBe("not-1.\nnot-2.\nnot-3.\n");
    expect(existsSync(place.at("new"))).toBe(false);
    expect(existsSync(place.at("newer"))).toBe(true);
  });

  it("costs the process its trust, where the answer is distrust: what it does then is refused without a question", async () => {
    const running = place.run(
      ["app.contour", "--ask"],
      ["sh", "-c", "echo > a || echo not-a.; echo > b || echo not-b.; cat known"],
    );
    running.answer(await running.question("a"), "distrust");
    await running.ended;
    expect(running.stdout).toBe("not-a.\nnot-b.\nknown\n");
    for (const name of ["a", "b"]) expect(existsSync(place.at(name))).toBe(false);
  });

  it("is refused at its deadline", async () => {
    const running = run("--answer-within", "0.5");
    expect(await running.ended).toBe(0);
    expect(running.stdout).toBe("known\nrefused-secret.\nrefused-other.\n");
  });

  it("holds nothing else up", async () => {
    const running = place.run(["app.contour", "--ask"], ["sh", "-c", "cat secret & cat known; cat known; wait"]);
    const waiting = await running.question("secret");
    await running.says("known\nknown\n");
    expect(running.stdout).not.toContain("secret");
    running.answer(waiting, "once");
    await running.ended;
    expect(running.stdout).toBe("known\nknown\nsecret\n");
  });

  it("is withdrawn when its process ends, and the answer says so", async () => {
    const script = "cat secret & wait $!; echo status $?; until [ -e done ]; do sleep 0.1; done";
    const running = place.run(["app.contour", "--ask"], ["sh", "-c", script]);
    const question = await running.question("secret");
    process.kill(question.pid, "SIGKILL");
    await running.says("status 137");
    expect(await running.over(question)).toBe("withdrawn");
    expect(running.questions()).toEqual([]);
    expect(running.answer(question, "once")).toMatchObject({ status: 1 });
    writeFileSync(place.at("done"), "");
    await running.ended;
  });

  it("is refused without a question beyond a bound, which is said, and nothing is lost", async () => {
    const running = place.run(
      ["app.contour", "--ask", "--answer-within", "4"],
      ["sh", "-c", "i=0; while [ $i -lt 60 ]; do echo > flood$i & i=$((i+1)); done; wait; echo all"],
    );
    await running.says("refused without a question");
    await running.ended;
    expect(running.stdout).toBe("all\n");
    for (let i = 0; i < 60; i++) expect(existsSync(place.at(`flood${i}`))).toBe(false);
    expect(running.report.refused).toBeGreaterThanOrEqual(60);
  });

  it("does not happen when the supervisor is killed while it waits", async () => {
    const running = place.run(["app.contour", "--ask"], ["sh", "-c", "echo > late"]);
    await running.question("late");
    const { stdout } = place.call(["ps", "--json"]);
    const live = JSON.parse(stdout) as { name: string; supervisor: number }[];
    process.kill(live.find(({ name }) => name === running.name)?.supervisor as number, "SIGKILL");
    await running.ended;
    expect(existsSync(place.at("late"))).toBe(false);
  });

  it("what a program reads of what is installed comes with the answer about its start", async () => {
    const running = place.run(["app.contour", "--ask"], ["sh", "-c", "wc -c known"]);
    running.answer(await running.question("/wc"), "once");
    running.answer(await running.question("known"), "once");
    await running.ended;
    expect(running.output).toContain("6 known");
  });

  it.skipIf(!existsSync(PYTHON)).each([
    ["425", "iouring"],
    ["1023", "abi arch=x86-64 number=1023"],
  ])(
    "is not asked about where no answer lets it happen: call %s is a departure at once (needs python3)",
    async (number, act) => {
      const program = "import ctypes, sys\nlibc = ctypes.CDLL(None, use_errno=True)\n";
      writeFileSync(place.at("call.py"), `${program}print(libc.syscall(int(sys.argv[1]), 1, 0), ctypes.get_errno())\n`);
      place.learn("call.contour", [PYTHON, place.at("call.py"), GETPID]);
      const running = place.run(["call.contour", "--ask"], [PYTHON, place.at("call.py"), number]);
      expect(await running.ended).toBe(0);
      expect(running.stdout).toBe(`-1 ${ENOSYS}\n`);
      expect(running.report).toMatchObject({ off: 1, refused: 1 });
      expect(running.report.departures.map(({ act: told, ...times }) => [told.slice(0, act.length), times])).toEqual([
        [act, expect.objectContaining({ count: 1, refused: 1 })],
      ]);
    },
  );

  it("is not asked about under the bpf sensor, which says why", () => {
    const { status, stderr } = place.call(["run", "app.contour", "--ask", "--sensor", "bpf", "--", "true"]);
    expect(status).toBe(2);
    expect(stderr).toContain("cannot wait for a person");
  });

  it("belongs to a directory that is only the owner's", () => {
    mkdirSync(place.at("runtime/isoline/isoline-kept"), { recursive: true });
    chmodSync(place.at("runtime/isoline/isoline-kept"), 0o755);
    const running = place.run(["app.contour", "--ask", "--answer-within", "0.2"], ["sh", "-c", "cat known"]);
    return running.ended.then(() => {
      expect(running.output).toContain("no approver socket");
      chmodSync(place.at("runtime/isoline/isoline-kept"), 0o700);
    });
  });
});
