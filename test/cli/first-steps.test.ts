/** Mistakes of new users: each is answered by one sentence that says what is wrong and what to do. */
import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { generateKeyPairSync } from "node:crypto";
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { ended } from "../support/isoline.ts";
import { isoline, program, temporaryPlace } from "./isoline.ts";
import { isInstalled, isRoot } from "../support/machine.ts";

const place = temporaryPlace();
const ORDINARY = 65_534;

describe("a working directory that was removed", () => {
  const says = "the working directory has been removed, or is closed to you; change to another one";

  it.each([
    ["isoline", ["learn", "-o", "/tmp/isoline-never.contour", "--", "true"]],
    ["isoline", ["check", "/tmp/isoline-never.contour", "--", "true"]],
    ["isoline", ["run", "/tmp/isoline-never.contour", "--", "true"]],
    ...(isInstalled("runc") ? [["isoline-runc", ["run", "--bundle", "/", "never"]] as const] : []),
  ] as const)("%s %j says so in one line", (name, words) => {
    const gone = place.path("gone");
    mkdirSync(gone);
    const script = 'cd "$1" && rmdir "$1" && shift && exec "$@"';
    const called = program.replace(/isoline$/, name);
    const options = { encoding: "utf8", cwd: place.path(".") } as const;
    const { status, stderr } = spawnSync("sh", ["-c", script, "sh", gone, called, ...words], options);
    expect(existsSync(gone)).toBe(false);
    expect(status).toBe(125);
    // The shell that starts each program has a line of its own about it.
    const ours = stderr.split("\n").filter((line) => line !== "" && !line.startsWith("sh: "));
    expect(ours).toEqual([`${name}: ${says}`]);
  });
});

describe.skipIf(!isRoot)("a contour in a directory that the user may not write to (needs root)", () => {
  it("is refused before the workload runs, with the name of the directory", async () => {
    const closed = place.path("closed");
    mkdirSync(closed, { mode: 0o700 });
    chmodSync(place.path("."), 0o777);
    const mark = place.path("ran");
    const args = ["learn", "-o", `${closed}/x.contour`, "--", "touch", mark];
    const { status, stderr } = await ended(program, args, { cwd: place.path("."), uid: ORDINARY });
    expect({ status, stderr }).toEqual({
      status: 125,
      stderr: `isoline: cannot write ${closed}/x.contour: its directory cannot be written to: EACCES (${closed})\n`,
    });
    expect(existsSync(mark)).toBe(false);
  });
});

describe("a report and what the command prints", () => {
  it("are kept apart as the help shows", () => {
    const { stdout: help } = isoline(["check", "--help"]);
    expect(help).toContain("isoline check app.contour --quiet --report report.json -- npm test");
    expect(help).not.toMatch(/--json.*\/dev\/null/);
    const [file, report] = [place.path("apart.contour"), place.path("report.json")];
    const says = ["--", "sh", "-c", "echo '{'"];
    isoline(["learn", "-q", "-o", file, ...says]);
    const checked = isoline(["check", file, "--quiet", "--report", report, ...says]);
    expect(checked).toMatchObject({ status: 0, stdout: "{\n", stderr: "" });
    expect(JSON.parse(readFileSync(report, "utf8"))).toMatchObject({ verdict: "on-contour" });
  });
});

describe("isoline ps while another namespace ends", () => {
  /** A supervisor that can be found, and then does what `ends` does to the next client. */
  async function whileItDoes(name: string, ends: (socket: Socket, close: () => void) => void) {
    const runtime = place.path(name);
    const directory = `${runtime}/isoline`;
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    let found = 0;
    const server = createServer((socket) => {
      socket.on("error", () => {});
      found += 1;
      const close = () => void server.close();
      if (found > 1) ends(socket, close);
      else if (name === "gone") close();
    });
    await new Promise<void>((resolve) => server.listen(`${directory}/other.sock`, resolve));
    try {
      return await ended(program, ["ps"], { cwd: place.path("."), env: { XDG_RUNTIME_DIR: runtime } });
    } finally {
      server.close();
    }
  }

  it("does not mention one whose socket is gone", async () => {
    const { status, stdout, stderr } = await whileItDoes("gone", (socket) => socket.destroy());
    // The user may have other namespaces.
    expect(stdout).not.toMatch(/^other /m);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("does not mention one that hangs up as it ends", async () => {
    const { status, stdout, stderr } = await whileItDoes("hangs-up", (socket, close) => {
      close();
      socket.destroy();
    });
    // The user may have other namespaces.
    expect(stdout).not.toMatch(/^other /m);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
  });

  it("names one that lives and does not answer", async () => {
    const { status, stderr } = await whileItDoes("silent", (socket) => socket.destroy());
    expect({ status, stderr }).toEqual({
      status: 0,
      stderr: "isoline: other: it closed the connection without an answer\n",
    });
  });
});

describe("a file that is no contour", () => {
  it.each([
    ["text", "hi\n"],
    ["empty", ""],
    ["binary", Buffer.from([0x7f, 0x45, 0x4c, 0x46, 0xff, 0x0a])],
  ])("is not called damaged: %s", (name, content) => {
    const file = place.path(name);
    writeFileSync(file, content);
    const { status, stderr } = isoline(["show", file]);
    expect(status).toBe(1);
    expect(stderr).toContain("this is no contour: name the file that one was learnt into");
    expect(stderr).not.toContain("damaged");
  });

  it("is called damaged if its first line is a contour's", () => {
    const file = place.path("cut.contour");
    writeFileSync(file, "isoline contour 2\nprofile iso1\n");
    expect(isoline(["show", file]).stderr).toContain("the file is damaged or was changed by hand");
  });

  it("must first be learnt if it does not exist", () => {
    const { status, stderr } = isoline(["check", "app.contour", "--", "true"], { cwd: place.path(".") });
    expect({ status, stderr }).toEqual({
      status: 125,
      stderr:
        "isoline: cannot read app.contour: expected a contour, found nothing; learn it first: isoline learn -o app.contour -- COMMAND\n",
    });
  });
});

describe("the signature of an earlier contour", () => {
  it("does not stay beside another contour, however that was written", () => {
    const { privateKey } = generateKeyPairSync("ed25519");
    const [key, file, other] = ["k.key", "signed.contour", "other.contour"].map(place.path) as [string, string, string];
    writeFileSync(key, privateKey.export({ type: "pkcs8", format: "pem" }));
    isoline(["learn", "-q", "-o", other, "--", "true"]);
    for (const again of [
      ["learn", "-o", file, "--", "true"],
      ["learn", "-o", file, "--merge", "--", "true"],
      ["merge", "-o", file, other, other],
    ]) {
      isoline(["learn", "-q", "-o", file, "--", "true"]);
      expect(isoline(["sign", file, "--key", key]).status).toBe(0);
      expect(isoline(again).stderr).toContain(`removed ${file}.sig: it signed the contour that was there before`);
      expect(existsSync(`${file}.sig`)).toBe(false);
    }
  });

  it("a file that is not isoline's signature stays", () => {
    const file = place.path("own.contour");
    writeFileSync(`${file}.sig`, "my own notes\n");
    expect(isoline(["learn", "-o", file, "--", "true"]).stderr).not.toContain("removed");
    expect(readFileSync(`${file}.sig`, "utf8")).toBe("my own notes\n");
  });
});

describe("a command that failed", () => {
  it.each([
    ["exit 3", "failed with status 3"],
    ["kill -TERM $$", "was ended by SIGTERM"],
  ])("is learnt, and learning reports the failure: %s", (script, how) => {
    const file = place.path("failed.contour");
    const { stderr } = isoline(["learn", "-o", file, "--", "sh", "-c", script]);
    expect(stderr).toContain(`isoline: the command ${how}: ${file} holds what it did until then`);
  });

  it("success is not reported", () => {
    const { stderr } = isoline(["learn", "-o", place.path("well.contour"), "--", "true"]);
    expect(stderr).not.toContain("the command");
  });
});

/** docs/how-to/rotate-and-upgrade.md, step by step. */
describe("a log that is rotated under --enforce", () => {
  const log = () => place.path("rotated/service.log");
  const file = () => place.path("rotated.contour");
  /** A service: it appends to its log, which it creates if necessary. */
  const service = () => ["--", "sh", "-c", `umask 027; echo served >>${log()}`];
  const enforced = () => isoline(["run", file(), "--enforce", ...service()]);
  const rotate = () => spawnSync("mv", [log(), `${log()}.1`]);

  it("continues when its learning saw a start without the log and one with it", () => {
    mkdirSync(dirname(log()));
    expect(isoline(["learn", "-q", "-o", file(), ...service()]).status).toBe(0);
    expect(isoline(["learn", "-q", "--merge", "-o", file(), ...service()]).status).toBe(0);
    rotate();
    expect(enforced()).toMatchObject({ status: 0, stderr: expect.stringContaining("on contour") as string });
    expect(enforced()).toMatchObject({ status: 0, stderr: expect.stringContaining("on contour") as string });
    expect(readFileSync(log(), "utf8")).toBe("served\nserved\n");
  });

  it("names the new mode of the log, beside the learnt one", () => {
    chmodSync(log(), 0o604);
    const { status, stderr } = enforced();
    expect(status).not.toBe(0);
    expect(stderr).toContain("now mode 0604 (learnt: 0640)");
  });
});
