/**
 * A contour is signed, stored beside its image in a registry with passwords, and fetched by a host that requires a signature,
 * through podman.
 */
import { spawn } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { missing, Podman, Workshop } from "./bundle.ts";

const why = missing("runc", "busybox", "podman", "docker-registry");

describe.skipIf(why !== undefined)(`a signed contour of an image${why === undefined ? "" : ` (${why})`}`, () => {
  let shop: Workshop;
  let overlay: Podman;
  let server: ReturnType<typeof spawn>;
  let host = "";
  const environment = { ...process.env };

  beforeAll(async () => {
    shop = new Workshop();
    overlay = new Podman(shop, "overlay");
    const socket = createServer();
    await new Promise<void>((resolve) => socket.listen(0, "127.0.0.1", resolve));
    host = `127.0.0.1:${(socket.address() as AddressInfo).port}`;
    await new Promise((resolve) => socket.close(resolve));
    // bcrypt of "secret".
    writeFileSync(shop.path("htpasswd"), "me:$2y$05$abcdefghijklmnopqrstuuOQiyCxlgf/oeuTqixKmWdcYUh4Hjl0a\n");
    const auth = { htpasswd: { realm: "here", path: shop.path("htpasswd") } };
    const storage = { filesystem: { rootdirectory: shop.path("data") } };
    writeFileSync(shop.path("config.yml"), JSON.stringify({ version: "0.1", storage, auth, http: { addr: host } }));
    server = spawn("docker-registry", ["serve", shop.path("config.yml")], { stdio: ["ignore", "ignore", "pipe"] });
    await new Promise<void>((resolve) => {
      server.stderr?.on("data", (piece: Buffer) => {
        if (piece.includes("listening on")) resolve();
      });
    });
    process.env["REGISTRY_AUTH_FILE"] = shop.path("auth.json");
    process.env["ISOLINE_CANISTERS"] = shop.path("host.json");
  });
  afterAll(() => {
    process.env = environment;
    server.kill();
    overlay.close();
    shop.close();
  });

  it("starts a container whose contour was fetched, and none without its signature", () => {
    const { podman } = overlay;
    const well = { status: 0, stderr: "" };
    expect(podman("login", "--tls-verify=false", "-u", "me", "-p", "secret", host)).toMatchObject(well);
    expect(podman("push", "-q", "--tls-verify=false", "box:1", `${host}/web:1`)).toMatchObject(well);
    expect(overlay.run("learn", "web.contour", [], "id")).toMatchObject(well);

    const { privateKey, publicKey } = generateKeyPairSync("ed25519");
    writeFileSync(shop.path("release.key"), privateKey.export({ type: "pkcs8", format: "pem" }), { mode: 0o600 });
    writeFileSync(shop.path("release.pub"), publicKey.export({ type: "spki", format: "pem" }), { mode: 0o644 });
    const image = `sha256:${podman("image", "inspect", "--format={{.Id}}", "box:1").stdout.trim()}`;
    const contour = shop.path("contours/web.contour");
    expect(shop.isoline("sign", contour, "--key", shop.path("release.key"), "--image", image)).toMatchObject(well);
    expect(shop.isoline("attach-contour", `${host}/web:1`, contour)).toMatchObject(well);
    const fetched = shop.isoline("fetch-contour", `${host}/web:1`, "--trusted-key", shop.path("release.pub"));
    expect(fetched).toMatchObject(well);

    shop.configure({ signatures: [{ image: "*", keys: ["release.pub"] }] });
    const start = (script: string) => podman("run", "--rm", "--network=none", "box:1", "sh", "-c", script);
    expect(start("id")).toMatchObject({ status: 0, stdout: "uid=0(root) gid=0(root)\n" });
    expect(start("cat /etc/hostname")).toMatchObject({
      ...{ status: 126, stdout: "", stderr: "sh: cat: Operation not permitted\n" },
    });
    for (const name of readdirSync(shop.path("contours")))
      if (name.endsWith(".sig")) rmSync(shop.path(`contours/${name}`));
    const refused = start("id");
    expect(refused).toMatchObject({ stdout: "", stderr: expect.stringContaining("expected a signature by") as string });
    expect(refused.status).not.toBe(0);
  });
});
