/** A workload under the bpf sensor puts up a control socket: evidence does not believe what it says of itself. */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ControlClient } from "../../packages/isoline/src/control/client.ts";
import { ControlServer } from "../../packages/isoline/src/control/server.ts";
import { attachesByTracepoints } from "../bpf/attachment.ts";
import { type Ended, ended, isoline } from "../support/isoline.ts";
import { FakeNamespace } from "./namespace.ts";

const PYTHON = "/usr/bin/python3";
/** Answers each request with a file, until it is asked to end. */
const ANSWERS = `
import socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen(8)
body = open(sys.argv[2], "rb").read()
head = b"HTTP/1.1 200 OK\\r\\ncontent-length: %d\\r\\n\\r\\n" % len(body)
request = b""
while not request.startswith(b"GET /end"):
    client, _ = server.accept()
    try:
        request = client.recv(4096)
        client.sendall(head + body)
    except OSError:
        pass  # A client that does not believe it goes away at once.
    client.close()
`;

describe.skipIf(!attachesByTracepoints || !existsSync(PYTHON))(
  "a control socket of a workload (needs root, a build, python3, and a kernel without hooks for BPF)",
  () => {
    const place = mkdtempSync(join(tmpdir(), "isoline-inside-"));
    const path = join(place, "answers.sock");
    const words = ["-I", "-S", "-c", ANSWERS, path, join(place, "answer")];
    let before: string | undefined;
    beforeAll(async () => {
      before = process.env["XDG_RUNTIME_DIR"];
      process.env["XDG_RUNTIME_DIR"] = place;
      const server = await ControlServer.open(new FakeNamespace("t-web"));
      const said = await new ControlClient("t-web", server.path).attest(undefined);
      await server.close();
      writeFileSync(join(place, "answer"), JSON.stringify(said));
    });
    afterAll(() => {
      if (before === undefined) delete process.env["XDG_RUNTIME_DIR"];
      else process.env["XDG_RUNTIME_DIR"] = before;
      rmSync(place, { recursive: true, force: true });
    });

    /** What evidence is given by the program, while it runs. */
    async function told(running: Promise<Ended>): Promise<string> {
      await expect.poll(() => existsSync(path)).toBe(true);
      const answer = await new ControlClient("t-web", path).attest(undefined).then(
        (told) => `${told?.points} points`,
        (fault: Error) => fault.message,
      );
      get({ socketPath: path, path: "/end" }, (response) => response.resume()).on("error", () => {});
      await running;
      rmSync(path);
      return answer;
    }

    it("is believed where the program is in no namespace", async () => {
      expect(await told(ended(PYTHON, words, { cwd: place }))).toBe("7 points");
    });

    it("is not believed where the program is in a namespace of the bpf sensor", async () => {
      const learning = isoline(["learn", "-o", "a.contour", "--sensor", "bpf", "-q", "--", PYTHON, ...words], {
        cwd: place,
      });
      expect(await told(learning)).toBe("t-web: the process that listens there is in a namespace itself");
    });
  },
);
