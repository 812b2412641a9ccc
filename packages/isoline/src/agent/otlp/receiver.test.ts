import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OtlpReceiver } from "@isoline/attest/otlp";
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { readAnswer } from "./push.ts";

const BODY = Buffer.of(0x0a, 0);
const OTLP = { "content-type": "application/x-protobuf" };
/** `ExportMetricsServiceResponse { partial_success = 1: { rejected_data_points = 1, error_message = 2 } }` */
const rejecting = (points: number, why: string) => {
  const partial = Buffer.concat([Buffer.of(0x08, points, 0x12, why.length), Buffer.from(why)]);
  return Buffer.concat([Buffer.of(0x0a, partial.length), partial]);
};
const servers: (Server | TcpServer)[] = [];

async function listening(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  return (server.address() as AddressInfo).port;
}

async function push(port: number, { ca, milliseconds = 5000 }: { ca?: string; milliseconds?: number } = {}) {
  const protocol = ca === undefined ? "http" : "https";
  const url = new URL(`${protocol}://127.0.0.1:${port}/v1/metrics?tenant=a`);
  const receiver = new OtlpReceiver({ url, ca: ca === "" ? undefined : ca, program: "test", readAnswer });
  try {
    await receiver.take(BODY, AbortSignal.timeout(milliseconds));
    return "taken";
  } catch (fault) {
    return (fault as Error).message;
  } finally {
    receiver.close();
  }
}

const answering = (listener: RequestListener) => listening(createServer(listener));

afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    if ("closeAllConnections" in server) server.closeAllConnections();
    server.close();
  }
});

it("an answer without news is one that took everything: empty, or of OTLP without points that were rejected", async () => {
  const asked: (string | undefined)[] = [];
  const answers = [Buffer.alloc(0), rejecting(0, "")];
  const port = await answering((request, response) => {
    asked.push(`${request.method} ${request.url} ${request.headers["content-type"]}`);
    response.writeHead(200, OTLP).end(answers.shift());
  });
  expect([await push(port), await push(port)]).toEqual(["taken", "taken"]);
  expect(new Set(asked)).toEqual(new Set(["POST /v1/metrics?tenant=a application/x-protobuf"]));
});

it.each<[string, RequestListener, RegExp]>([
  ["an error", (_, response) => response.writeHead(500).end("no space"), /expected status 200, got 500: no space/],
  ["a redirection", (_, response) => response.writeHead(307, { location: "/x" }).end(), /got 307/],
  ["another page", (_, response) => response.end("<html>"), /expected the answer of a receiver of OTLP.*<html>/],
  [
    "a page that calls itself OTLP",
    (_, response) => response.writeHead(200, OTLP).end("<html>"),
    /expected the answer of a receiver of OTLP/,
  ],
  [
    "a rejection",
    (_, response) => response.writeHead(200, OTLP).end(rejecting(4, "too old")),
    /it rejected 4 points: too old/,
  ],
  [
    "an answer without an end",
    (_, response) => {
      const more = () => response.write(Buffer.alloc(16_384), more);
      more();
    },
    /at most 65536 bytes/,
  ],
])("%s is told in one line", async (_name, listener, why) => {
  expect(await push(await answering(listener))).toMatch(why);
});

it("a receiver that says nothing, or the beginning of something, has its time and no more", async () => {
  const silent = await answering(() => {});
  const slow = await answering((_, response) => response.write("{"));
  const answers = await Promise.all([push(silent, { milliseconds: 200 }), push(slow, { milliseconds: 200 })]);
  expect(answers).toEqual(["it did not answer in time", "it did not answer in time"]);
});

it("what is no HTTP, and nothing at all, is told", async () => {
  const nonsense = createTcpServer((socket) => socket.on("error", () => {}).end("\0\xffnonsense\n"));
  expect(await push(await listening(nonsense))).toMatch(/Parse Error|hang up/);
  const gone = createServer();
  const port = await listening(gone);
  await new Promise((resolve) => gone.close(resolve));
  expect(await push(port)).toMatch(/ECONNREFUSED/);
});

it("no variable of the environment says where it goes or what is sent", async () => {
  const elsewhere: string[] = [];
  const other = await answering((request, response) => {
    elsewhere.push(request.url ?? "");
    response.end();
  });
  for (const name of ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "http_proxy", "HTTP_PROXY"])
    vi.stubEnv(name, `http://127.0.0.1:${other}`);
  vi.stubEnv("OTEL_EXPORTER_OTLP_HEADERS", "authorization=secret");
  const headers: (string | undefined)[] = [];
  const port = await answering((request, response) => {
    headers.push(request.headers.authorization);
    response.end();
  });
  expect(await push(port)).toBe("taken");
  expect({ elsewhere, headers }).toEqual({ elsewhere: [], headers: [undefined] });
});

describe.skipIf(spawnSync("openssl", ["version"]).status !== 0)("with TLS (needs openssl)", () => {
  const place = mkdtempSync(join(tmpdir(), "isoline-otlp-"));
  const [key, cert] = [join(place, "key.pem"), join(place, "cert.pem")];
  beforeAll(() => {
    const about = ["-subj", "/CN=collector", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"];
    const how = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    execFileSync("openssl", [...how, ...about, "-keyout", key, "-out", cert], { stdio: "ignore" });
  });
  afterAll(() => rmSync(place, { recursive: true, force: true }));

  it("the receiver's certificate has to lead to one of the configuration", async () => {
    const port = await listening(
      createTlsServer({ key: readFileSync(key), cert: readFileSync(cert) }, (_, response) => response.end()),
    );
    // Otherwise Node would take any certificate.
    vi.stubEnv("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    expect(await push(port, { ca: readFileSync(cert, "latin1") })).toBe("taken");
    expect(await push(port, { ca: "" })).toMatch(/self-signed certificate/);
  });
});
