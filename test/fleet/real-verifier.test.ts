/** `isoline fleet` and a node's loop against the real verifier, with a real TPM in software: enrolment, verdicts, policies, revocation. */
import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { AttestedAnswer } from "../../packages/isoline/src/fleet/model.ts";
import { readEnrolment } from "../../packages/isoline/src/fleet/node-place.ts";
import { isBuilt, isoline, isolineProgram, SYSTEM_PATH } from "../support/isoline.ts";
import { isInstalled, isRoot } from "../support/machine.ts";
import { TestAgent } from "../agent/agent.ts";
import { needsSwtpm, SoftwareTpm } from "../attest/swtpm.ts";
import { attestedOnce } from "./attested-once.ts";

const TOKENS =
  "ann admin * admin-token-0123456789\nvic viewer * viewer-token-0123456789\nsue operator shop shop-token-0123456789\n";
const policy = (more: object = {}) =>
  JSON.stringify({ policy: 1, name: "default", version: 1, ledger: "if-there", canisters: [], ...more });

describe.skipIf(needsSwtpm || !isInstalled("swtpm_setup") || !isBuilt)(
  "a fleet of one node (needs swtpm and a build)",
  () => {
    const place = mkdtempSync(join(tmpdir(), "isoline-one-"));
    const at = (...parts: readonly string[]) => join(place, ...parts);
    const software = new SoftwareTpm();
    let verifier: ChildProcess;
    let url = "";
    const call = (...words: readonly string[]) =>
      isoline(words, { cwd: place, env: { ISOLINE_FLEET_CONFIG: at("fleet.yaml"), ISOLINE_HOST_DIRECTORY: place } });
    const fleet = (...words: readonly string[]) => call("fleet", ...words);
    const verdict = async (): Promise<AttestedAnswer> => {
      const answer = await attestedOnce(place, readEnrolment(at("fleet")));
      if (typeof answer === "string") throw new Error(answer);
      return answer;
    };

    beforeAll(async () => {
      software.certify();
      await software.start();
      mkdirSync(at("trust/makers"), { recursive: true });
      writeFileSync(at("trust/makers/all.pem"), software.authority().root + software.authority().issuer);
      writeFileSync(at("people"), TOKENS, { mode: 0o600 });
      const configuration = {
        listen: "127.0.0.1:0",
        database: "pglite:store",
        keys: "keys",
        trust: "trust",
        people: { tokens: "people" },
        svid: { trustDomain: "example.org", key: "svid.key", certificate: "svid.pem" },
      };
      execFileSync("openssl", [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-noenc", "-days", "2"],
        ...[
          "-subj",
          "/CN=root",
          "-addext",
          "keyUsage=critical,keyCertSign",
          "-keyout",
          at("svid.key"),
          "-out",
          at("svid.pem"),
        ],
      ]);
      writeFileSync(at("verifier.yaml"), JSON.stringify(configuration));
      verifier = spawn(isolineProgram, ["verifier", "--config", at("verifier.yaml")], {
        env: { PATH: SYSTEM_PATH, HOME: place },
        stdio: ["ignore", "ignore", "pipe"],
      });
      url = await new Promise((resolve, reject) => {
        let said = "";
        verifier.stderr?.setEncoding("utf8").on("data", (text: string) => {
          said += text;
          const [, found] = /listening at (\S+)/.exec(said) ?? [];
          if (found !== undefined) resolve(found);
        });
        verifier.once("exit", () => reject(new Error(said)));
      });
      const servers = ["admin", "viewer", "shop"].map((name) => ({ name, url, token: `${name}-token-0123456789` }));
      writeFileSync(at("fleet.yaml"), JSON.stringify({ current: "admin", servers }), { mode: 0o600 });
      writeFileSync(at("policy.json"), policy());
    });
    afterAll(async () => {
      const ended = new Promise((resolve) => verifier.once("exit", resolve));
      verifier.kill("SIGTERM");
      await ended;
      await software.close();
      rmSync(place, { recursive: true, force: true });
    });

    it("is enrolled by a token for one use, and keeps what it was given closed to others", async () => {
      const { stdout: token } = await fleet("token", "--tenant", "shop", "--name", "node-1", "-l", "zone=north");
      writeFileSync(at("token"), token, { mode: 0o600 });
      const join = ["join", "--server", url, "--token-file", "token", "--name", "node-1", "--tpm", software.address];
      expect((await fleet(...join)).stdout).toMatch(/^node-1: enrolled, node [0-9a-f]{64}\n$/);
      expect([statSync(at("fleet")).mode & 0o777, statSync(at("fleet/node.json")).mode & 0o777]).toEqual([
        0o700, 0o600,
      ]);
      expect((await fleet(...join)).stderr).toContain("enrolled already");
      const again = await fleet(...join, "--state", at("elsewhere"));
      expect(again.stderr).toMatch(/was not used and is not over/);
    });

    it("is not affirmed before there is a policy, and then it is", async () => {
      expect(await verdict()).toMatchObject({
        state: "unverifiable",
        why: expect.stringContaining("expected a policy"),
      });
      expect((await fleet("why", "node-1")).status).toBe(4);
      expect((await fleet("policy", "default", "--set", "policy.json")).stderr).toContain("published");
      expect(await verdict()).toMatchObject({ state: "affirming", canisters: [] });
      expect((await fleet("why", "node-1")).status).toBe(0);
    });

    it("gets a certificate by its TPM while it is affirmed, again for the same key, and none for a canister it has not", async () => {
      const ask = (...words: readonly string[]) => fleet("svid", "--key", "own.key", "-o", "own.pem", ...words);
      const said = await ask("--bundle", "roots.pem");
      expect(said.stdout).toMatch(/^spiffe:\/\/example.org\/tenant\/shop\/node\/node-1, until 20\S+Z\n$/);
      expect(statSync(at("own.key")).mode & 0o777).toBe(0o600);
      const certificate = () => new X509Certificate(readFileSync(at("own.pem")));
      const first = certificate();
      expect(first.verify(new X509Certificate(readFileSync(at("roots.pem"))).publicKey)).toBe(true);
      expect((await ask()).status).toBe(0);
      expect(certificate().serialNumber).not.toBe(first.serialNumber);
      expect(certificate().publicKey.equals(first.publicKey)).toBe(true);
      expect((await ask("--canister", "web")).stderr).toContain(
        "expected a canister that the last evidence of node-1 affirms",
      );
    });

    it("is listed with its labels and state, to the people who may see it", async () => {
      expect((await fleet("nodes", "-l", "zone=north", "--state", "affirming", "-o", "name")).stdout).toBe(
        "node/node-1\n",
      );
      expect((await fleet("nodes", "-l", "zone=south", "-o", "name")).stdout).toBe("");
      expect((await fleet("nodes", "--server", "shop")).stdout).toMatch(/^node-1 +affirming +tpm/m);
      const { stdout } = await fleet("show", "node-1");
      expect(stdout).toMatch(/ok +quote[^]*ok +ledger[^]*no canister/);
      expect((await fleet("nodes", "--server", "shop", "--tenant", "other")).stderr).toContain(
        "ask for a role that may",
      );
      expect((await fleet("canisters", "-o", "json")).stdout).toBe(
        '{\n  "isoline": 1,\n  "items": [],\n  "more": false\n}\n',
      );
    });

    it("would turn red under a policy that is tried, and stays as it is", async () => {
      writeFileSync(at("strict.json"), policy({ version: 2, kernels: ["no such kernel"] }));
      const tried = await fleet("policy", "default", "--dry-run", "strict.json");
      expect(tried.stdout).toMatch(/^node-1 +- +affirming +contraindicated/m);
      expect(tried.status).toBe(3);
      expect((await fleet("policy", "-o", "json")).stdout).toMatch(/"version": 1,/);
      expect((await fleet("policy", "default")).stdout).toBe(policy());
      expect((await fleet("policy", "default", "--set", "strict.json", "--server", "viewer")).status).toBe(1);
    });

    it("keeps reference values, and lists them", async () => {
      writeFileSync(at("references.json"), JSON.stringify({ references: 1, builds: [{ version: "9" }] }));
      expect((await fleet("reference", "main", "--set", "references.json")).status).toBe(0);
      expect((await fleet("reference", "-o", "name")).stdout).toBe("reference/main\n");
    });

    it("attests by its agent, where the agent's configuration says so", async () => {
      const agent = new TestAgent();
      try {
        await agent.start(`verifier: { state: ${at("fleet")} }\n`, { ISOLINE_HOST_DIRECTORY: place });
        await expect
          .poll(() => agent.log.find(({ event }) => event === "attested"), { timeout: 60_000 })
          .toMatchObject({ node: "node-1", state: "affirming", red: [] });
      } finally {
        await agent.clear();
      }
    });

    it.skipIf(!isRoot)(
      "goes on to be affirmed after its agent was killed over a canister, which is said of that one",
      async () => {
        const agent = new TestAgent();
        const env = { ISOLINE_HOST_DIRECTORY: place };
        const start = () => agent.start(`verifier: { state: ${at("fleet")} }\n`, env);
        const turn = "cat /etc/hostname > /dev/null; sleep 0.05";
        let watching: ChildProcess | undefined;
        let changes = "";
        try {
          // It is connected by the time that something changes.
          const onStart = (child: ChildProcess) => {
            watching = child;
            child.stdout?.on("data", (said: Buffer) => {
              changes += String(said);
            });
          };
          const watched = isoline(["fleet", "watch"], {
            cwd: place,
            env: { ISOLINE_FLEET_CONFIG: at("fleet.yaml") },
            onStart,
          });
          await call("learn", "-q", "-o", "web.contour", "--", "sh", "-c", `${turn}; ${turn}`);
          writeFileSync(at("web.json"), policy({ version: 3, canisters: [{ label: "web" }] }));
          expect((await fleet("policy", "default", "--set", "web.json")).status).toBe(0);
          expect((await fleet("reference", "--contour", "web.contour")).status).toBe(0);
          await start();
          const words = ["-q", at("web.contour"), "--enforce", "--name", "web", "--tpm", software.address];
          const running = agent.run(words, `while ${turn}; do :; done`, { env });
          await expect
            .poll(async () => (await fleet("canisters")).stdout, { timeout: 60_000 })
            .toMatch(/^node-1 +web +affirming/m);
          await agent.end("SIGKILL");
          expect((await running).status).toBe(125);
          await start();
          await expect.poll(() => changes, { timeout: 60_000 }).toMatch(/node-1\/web .*lost its supervisor between /);
          expect((await fleet("why", "node-1")).status).toBe(0);
          watching?.kill("SIGTERM");
          await watched;
        } finally {
          watching?.kill("SIGTERM");
          await agent.clear();
        }
      },
    );

    it("is retired by force alone while it is alive, and goes on from what counted where it joins again", async () => {
      expect((await fleet("retire", "node-1")).stderr).toContain("got node-1, which is affirming");
      expect((await fleet("retire", "node-1", "--force", "--server", "viewer")).stderr).toContain("role operator");
      const retired = await fleet("retire", "node-1", "--force", "--server", "shop");
      expect([retired.stdout, retired.status]).toEqual(["node-1: retired\n", 0]);
      expect((await fleet("nodes", "-o", "name")).stdout).toBe("");
      await expect(verdict()).rejects.toThrow(/expected the token of a node/);
      rmSync(at("fleet"), { recursive: true });
      writeFileSync(at("token"), (await fleet("token", "--tenant", "shop")).stdout, { mode: 0o600 });
      const join = ["join", "--server", url, "--token-file", "token", "--name", "node-1", "--tpm", software.address];
      expect((await fleet(...join)).stdout).toMatch(/^node-1: enrolled/);
      expect(await verdict()).toMatchObject({ state: "affirming" });
      const audit = (await fleet("audit", "-o", "wide")).stdout;
      expect(audit).toMatch(/enrol +node-1 +id [0-9a-f]{64}, keeps what was accepted of it\n[^]*sue +retire +node-1/);
    });

    it("is not believed any more once it is revoked, which is in the audit and among the changes", async () => {
      const watched = isoline(["fleet", "watch"], {
        cwd: place,
        env: { ISOLINE_FLEET_CONFIG: at("fleet.yaml") },
        onStart: (child) => {
          // It says nothing while it connects.
          const again = setInterval(
            () => void fleet("revoke", "node-1", "--reason", "sold").finally(() => clearInterval(again)),
            1500,
          );
          child.stdout?.on("data", () => child.kill("SIGTERM"));
          child.once("exit", () => clearInterval(again));
        },
      });
      expect((await watched).stdout).toMatch(/node-1 {2}affirming → revoked/);
      await expect(verdict()).rejects.toThrow(/was revoked/);
      expect((await fleet("why", "node-1")).status).toBe(3);
      expect((await fleet("audit", "-o", "wide")).stdout).toMatch(/ann +revoke\S* .*node-1 +sold/);
    });
  },
);
