/** Registries that require credentials: passwords, tokens, and the hosts that must never receive either. */
import { spawn } from "node:child_process";
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { createServer as listen, type AddressInfo } from "node:net";
import { writeContour } from "@isoline/core/contour";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { challengeIn } from "../../packages/isoline/src/canister/registry/challenge.ts";
import { attach, fetchAttached } from "../../packages/isoline/src/canister/registry/contours.ts";
import { credentialsFor } from "../../packages/isoline/src/canister/registry/credentials.ts";
import { contourOf } from "../arbitrary/contour.ts";
import { isoline, temporaryPlace } from "../cli/isoline.ts";
import { type Answer, MemoryRegistry } from "./registry.ts";
import { isInstalled } from "../support/machine.ts";

const { path, keep } = temporaryPlace();
const contour = Buffer.from([...writeContour(contourOf([]))].join(""));
const SECRET = "correct-horse";
const entry = (user: string, password = SECRET) => ({ auth: Buffer.from(`${user}:${password}`).toString("base64") });
const before = { ...process.env };

/** The file that podman login would write. */
function login(auths: Record<string, unknown>, more: Record<string, unknown> = {}): void {
  writeFileSync(path("auth.json"), JSON.stringify({ auths, ...more }));
  process.env["REGISTRY_AUTH_FILE"] = path("auth.json");
}

/** A credential helper that gives the name it was asked for as the user. */
function helper(): void {
  writeFileSync(
    path("docker-credential-test"),
    '#!/bin/sh\nread host; echo "{\\"Username\\":\\"$host\\",\\"Secret\\":\\"s\\"}"\n',
  );
  chmodSync(path("docker-credential-test"), 0o755);
  process.env["PATH"] = `${path("")}:${before["PATH"]}`;
}

afterEach(() => {
  process.env = { ...before };
});

describe("challenges", () => {
  it.each<[string, ReturnType<typeof challengeIn>]>([
    ['Basic realm="a, b"', { scheme: "basic", realm: "a, b", service: undefined, scope: undefined }],
    [
      'Basic realm="x", Bearer realm="https://t/x",service="s",scope="repository:web:pull,push"',
      { scheme: "bearer", realm: "https://t/x", service: "s", scope: "repository:web:pull,push" },
    ],
    ['BEARER realm="a\\"b", service=s', { scheme: "bearer", realm: 'a"b', service: "s", scope: undefined }],
    ["basic", { scheme: "basic", realm: undefined, service: undefined, scope: undefined }],
  ])("%s", (header, expected) => {
    expect(challengeIn(header)).toEqual(expected);
  });

  it.each([null, "", "Negotiate", 'realm="x"', "\u0000", `Digest ${"a=b,".repeat(5000)}`, ",,,,"])(
    "%j is not a valid challenge",
    (header) => {
      expect(challengeIn(header)).toBeUndefined();
    },
  );
});

describe("credentials", () => {
  it("are the closest match, in either spelling", () => {
    login({ "r.example": entry("host"), "r.example/shop": entry("shop"), "https://old.example/v1/": entry("old") });
    expect(credentialsFor("r.example", "shop/web")?.user).toBe("shop");
    expect(credentialsFor("r.example", "shopping")).toEqual({ user: "host", password: SECRET });
    expect(credentialsFor("old.example", "web")?.user).toBe("old");
    expect(credentialsFor("example", "web")).toBeUndefined();
    expect(credentialsFor("r.example:5000", "web")).toBeUndefined();
  });

  it("are found in every file, or printed by a helper program", () => {
    delete process.env["REGISTRY_AUTH_FILE"];
    process.env["HOME"] = path("home");
    process.env["XDG_RUNTIME_DIR"] = path("runtime");
    delete process.env["DOCKER_CONFIG"];
    mkdirSync(path("home/.docker"), { recursive: true });
    mkdirSync(path("runtime/containers"), { recursive: true });
    expect(credentialsFor("r.example")).toBeUndefined();
    const config = { auths: { "r.example": entry("docker") }, credHelpers: { "h.example": "test" } };
    writeFileSync(path("home/.docker/config.json"), JSON.stringify(config));
    expect(credentialsFor("r.example")?.user).toBe("docker");
    writeFileSync(path("runtime/containers/auth.json"), JSON.stringify({ auths: { "r.example": entry("podman") } }));
    expect(credentialsFor("r.example")?.user).toBe("podman");
    helper();
    expect(credentialsFor("h.example")).toEqual({ user: "h.example", password: "s" });
  });

  it("of Docker Hub are found where podman and docker keep them, and for no other host", () => {
    const own = "https://index.docker.io/v1/";
    for (const key of [own, "docker.io", "docker.io/library", "registry-1.docker.io"]) {
      login({ [key]: entry("hub") });
      expect(credentialsFor("registry-1.docker.io", "library/web")?.user).toBe("hub");
      expect(credentialsFor("auth.docker.io", "library/web")).toBeUndefined();
    }
    helper();
    login({ [own]: {} }, { credsStore: "test" });
    expect(credentialsFor("registry-1.docker.io", "library/web")?.user).toBe(own);
    login({}, { credHelpers: { "docker.io": "test" } });
    expect(credentialsFor("registry-1.docker.io", "library/web")?.user).toBe("docker.io");
  });

  it("are refused if the file is invalid, without quoting any of it", () => {
    const said = (text: string): string => {
      login({});
      writeFileSync(path("auth.json"), text);
      try {
        return JSON.stringify(credentialsFor("r.example", "web"));
      } catch (fault) {
        return (fault as Error).message;
      }
    };
    for (const text of [SECRET, `{"auths":{"r.example":{"auth":"${SECRET}"}}}`, `{"auths": "${SECRET}"`]) {
      expect(said(text)).toMatch(/expected credentials for registries/);
      expect(said(text)).not.toContain(SECRET);
    }
    expect(said('{"auths":{"r.example":{"identitytoken":"x"}}}')).toMatch(/identity token.*password or access token/);
    expect(said('{"auths":{},"credHelpers":{"r.example":"../x"}}')).toMatch(/no name of a program/);
    expect(said(" ".repeat(2 ** 20 + 1))).toMatch(/more than/);
    process.env["REGISTRY_AUTH_FILE"] = path("nowhere");
    expect(() => credentialsFor("r.example")).toThrow(/found nothing/);
  });
});

describe("a registry that requires credentials", () => {
  let registry: MemoryRegistry;
  /** A server on another port: a token server, or the target of a redirect. */
  let other: Server;
  let answer: (request: IncomingMessage) => Answer;
  /** The requests to the other server: path and authorization. */
  let told: string[] = [];
  const image = () => `${registry.host}/web:1`;
  const elsewhere = () => `127.0.0.1:${(other.address() as AddressInfo).port}`;
  const is = (request: IncomingMessage, value: string) => request.headers.authorization === value;
  const basic = (user: string) => `Basic ${entry(user).auth}`;
  const challenge = (header: string): Answer => ({ status: 401, headers: { "www-authenticate": header } });

  beforeAll(async () => {
    registry = await MemoryRegistry.open(true);
    other = createServer((request, response) => {
      told.push(`${request.url} ${request.headers.authorization ?? "nobody"}`);
      const { status, headers, body } = answer(request);
      response.writeHead(status, headers);
      response.end(body);
    });
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
  });
  beforeEach(() => {
    told = [];
    registry.clear();
    registry.putImage("1");
    login({ [registry.host]: entry("me") });
  });
  afterAll(async () => {
    await registry.close();
    other.closeAllConnections();
    other.close();
  });

  it("gets a password, and the error says if it is missing or wrong", async () => {
    registry.guard = (request) => (is(request, basic("me")) ? undefined : challenge('Basic realm="r"'));
    await attach(image(), contour, new Date());
    expect(await fetchAttached(image())).toMatchObject({ contour });
    login({ [registry.host]: entry("me", "wrong-battery") });
    const refused = await fetchAttached(image()).catch((fault: unknown) => String(fault));
    expect(refused).toMatch(/401; these credentials/);
    expect(refused).not.toMatch(/wrong-battery|d3Jvbmc/);
    login({});
    await expect(fetchAttached(image())).rejects.toThrow(/log in with podman login/);
  });

  it("is found where its host is written in another way, with the password that is kept under that", async () => {
    const written = registry.host.replace("127.0.0.1", "127.1");
    registry.guard = (request) => (is(request, basic("me")) ? undefined : challenge('Basic realm="r"'));
    login({ [written]: entry("me") });
    await attach(`${written}/web:1`, contour, new Date());
    expect(await fetchAttached(`${written}/web:1`)).toMatchObject({ contour });
  });

  /** A token server that gives what was asked for as the token. */
  const asks = (request: IncomingMessage): Answer => ({
    status: 200,
    body: Buffer.from(JSON.stringify({ token: new URL(request.url ?? "", "http://x").searchParams.get("scope") })),
  });

  it("gets a token for the requested scope, from a server of its choice that gets its credentials", async () => {
    const scopes = { GET: "pull", HEAD: "pull", POST: "pull,push", PUT: "pull,push" } as Record<string, string>;
    registry.guard = (request) => {
      const scope = `repository:web:${scopes[request.method ?? ""]}`;
      const held = request.headers.authorization ?? "";
      if (held.startsWith(`Bearer ${scope}`)) return undefined;
      return challenge(`Bearer realm="http://${elsewhere()}/token?x=1",service="r",scope="${scope}"`);
    };
    answer = asks;
    await attach(image(), contour, new Date());
    expect(await fetchAttached(image())).toMatchObject({ contour });
    expect(new Set(told)).toEqual(
      new Set(
        ["pull", "pull%2Cpush"].map((each) => `/token?x=1&service=r&scope=repository%3Aweb%3A${each} ${basic("me")}`),
      ),
    );
  });

  it("gets no token for the login of another registry, by naming that one's token server", async () => {
    const held: string[] = [];
    const scope = "repository:org/app:pull,push";
    registry.guard = (request) => {
      held.push(request.headers.authorization ?? "nothing");
      return challenge(`Bearer realm="http://${elsewhere()}/token",service="other",scope="${scope}"`);
    };
    answer = (request) => (is(request, basic("other")) ? asks(request) : { status: 403 });
    for (const logins of [{}, { [registry.host]: entry("me") }]) {
      login({ [elsewhere()]: entry("other"), ...logins });
      await expect(fetchAttached(image())).rejects.toThrow(/expected a token of .*, got status 403/);
    }
    const asked = `/token?service=other&scope=${encodeURIComponent(scope)}`;
    expect(told).toEqual([`${asked} nobody`, `${asked} ${basic("me")}`]);
    expect(held).toEqual(["nothing", "nothing"]);
  });

  it("keeps its credentials from hosts that a redirect leads to, and from the token servers that these name", async () => {
    registry.guard = (request) =>
      is(request, basic("me"))
        ? { status: 307, headers: { location: `http://${elsewhere()}${request.url}` } }
        : challenge('Basic realm="r"');
    answer = () => ({ status: 403 });
    await expect(fetchAttached(image())).rejects.toThrow(/403/);
    answer = () => challenge(`Bearer realm="http://${elsewhere()}/token"`);
    await expect(fetchAttached(image())).rejects.toThrow(/401/);
    answer = () => challenge('Basic realm="r"');
    await expect(fetchAttached(image())).rejects.toThrow(/401/);
    expect(told).toEqual(Array(3).fill("/v2/web/manifests/1 nobody"));
    answer = () => ({ status: 302, headers: { location: "/round" } });
    await expect(fetchAttached(image())).rejects.toThrow(/a redirect of GET/);
    answer = () => ({ status: 302, headers: { location: "http://registry.example/" } });
    await expect(fetchAttached(image())).rejects.toThrow(/a redirect of GET to http:\/\/registry\.example/);
  });

  it("sends nothing to another upload location, and follows no redirect with an upload", async () => {
    const anew = Buffer.concat([contour, Buffer.from("x")]);
    for (const [status, location] of [
      [202, `http://${elsewhere()}/upload`],
      [307, `http://${elsewhere()}/upload`],
      [202, "http://["],
    ] as const) {
      registry.guard = ({ method }) => (method === "POST" ? { status, headers: { location } } : undefined);
      await expect(attach(image(), anew, new Date())).rejects.toMatchObject({ code: "registry-refused" });
    }
    expect(told).toEqual([]);
  });

  it.each<[string, Answer, RegExp]>([
    ["a redirect", { status: 302, headers: { location: "/" } }, /status 302/],
    ["no token", { status: 200, body: Buffer.from('{"expires_in":1}') }, /something else/],
    ["a token of two lines", { status: 200, body: Buffer.from('{"token":"a\\r\\nx: y"}') }, /something else/],
    [
      "a token that is too long",
      { status: 200, body: Buffer.from(`{"token":"${"x".repeat(70_000)}"}`) },
      /something else/,
    ],
  ])("refuses a token server that gives %s", async (_, given, reason) => {
    registry.guard = () => challenge(`Bearer realm="http://${elsewhere()}/token"`);
    answer = () => given;
    await expect(fetchAttached(image())).rejects.toThrow(reason);
  });

  it.each(["", "Negotiate", 'Bearer realm="ftp://x/"', 'Bearer realm="http://registry.example/"', "Bearer"])(
    "is refused with the challenge %j",
    async (header) => {
      registry.guard = () => challenge(header);
      await expect(fetchAttached(image())).rejects.toMatchObject({ code: "registry-refused" });
    },
  );
});

const present = isInstalled("docker-registry");

describe.skipIf(!present)("Debian's registry with htpasswd (needs docker-registry)", () => {
  let host = "";
  let server: ReturnType<typeof spawn>;

  beforeAll(async () => {
    const socket = listen();
    await new Promise<void>((resolve) => socket.listen(0, "127.0.0.1", resolve));
    host = `127.0.0.1:${(socket.address() as AddressInfo).port}`;
    await new Promise((resolve) => socket.close(resolve));
    // bcrypt of "secret", in the only form that the registry takes.
    writeFileSync(path("htpasswd"), "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n");
    const auth = { htpasswd: { realm: "here", path: path("htpasswd") } };
    const storage = { filesystem: { rootdirectory: path("data") } };
    writeFileSync(path("config.yml"), JSON.stringify({ version: "0.1", storage, auth, http: { addr: host } }));
    server = spawn("docker-registry", ["serve", path("config.yml")], { stdio: ["ignore", "ignore", "pipe"] });
    await new Promise<void>((resolve) => {
      server.stderr?.on("data", (piece: Buffer) => {
        if (piece.includes("listening on")) resolve();
      });
    });
  });
  afterAll(() => server.kill());

  it("takes a signed contour from a known user, and from no other", async () => {
    login({ [host]: entry("me", "secret") });
    const { Registry } = await import("../../packages/isoline/src/canister/registry/client.ts");
    const { parseReference } = await import("../../packages/isoline/src/canister/registry/reference.ts");
    const registry = new Registry(parseReference(`${host}/web:1`));
    const config = {
      ...(await registry.putBlob(Buffer.from("{}"))),
      mediaType: "application/vnd.oci.image.config.v1+json",
    };
    const mediaType = "application/vnd.oci.image.manifest.v1+json";
    await registry.putManifest({ schemaVersion: 2, mediaType, config, layers: [] } as never, "1");
    const file = keep("web.contour", contourOf([]));
    writeFileSync(`${file}.sig`, "a signature");
    const environment = { REGISTRY_AUTH_FILE: path("auth.json") };
    expect(isoline(["attach-contour", `${host}/web:1`, file], { environment })).toMatchObject({
      status: 0,
      stderr: "",
    });
    const fetched = () => isoline(["fetch-contour", `${host}/web:1`, "-o", path("got.contour")], { environment });
    expect(fetched()).toMatchObject({ status: 0, stderr: "" });
    expect(readFileSync(path("got.contour.sig"), "utf8")).toBe("a signature");
    login({ [host]: entry("me", "a guess") });
    expect(fetched()).toMatchObject({ status: 1, stdout: "" });
    login({});
    const { status, stderr } = fetched();
    expect({ status, stderr }).toMatchObject({ status: 1, stderr: expect.stringContaining("podman login") as string });
  });
});
