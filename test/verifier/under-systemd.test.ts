/** The verifier by the unit that its guide shows, under a real systemd: its user needs no right, and what it took survives kill −9. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { repository } from "../../tools/run.mjs";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { hasOwnSystemd, runDriver } from "../support/own-systemd.ts";

const possible = isCI && isBuilt && hasOwnSystemd;

/** The unit hides /home, /root and /tmp, wherever this checkout lies: so it is mounted where the unit may look. */
const PROGRAM = "/var/lib/checkout/packages/isoline/bin/isoline";
const CONFIGURATION = "/var/lib/configuration";

/** Each step's words and status go to files of their own. /var/lib is empty at first, and the driver's own. */
const DRIVER = `set -u
cd "$1"
step() { name=$1; shift; "$@" >"$name.out" 2>&1; echo "$?" >"$name.status"; }
main() { systemctl show isoline-verifier --property=MainPID --value; }
fleet() { HOME="$PWD" "$ISOLINE" fleet "$@"; }
# The first start makes the store, which takes half a minute.
answers() { for _ in $(seq 600); do fleet nodes >answers.out 2>&1 && return; sleep 0.5; done; return 1; }
mkdir /var/lib/checkout && mount --bind "${repository}" /var/lib/checkout
mkdir -m 700 ${CONFIGURATION} && cp -r configuration/. ${CONFIGURATION} && chmod 600 ${CONFIGURATION}/people
chown -R nobody: ${CONFIGURATION}
step start systemctl start isoline-verifier
step first answers
step set fleet policy default --set policy.json
kill -KILL "$(main)"
step second answers
step kept fleet policy default
grep -E '^(Uid|CapEff|CapBnd|NoNewPrivs):' "/proc/$(main)/status" >rights
find /var/lib/isoline-verifier -maxdepth 2 -printf '%U %m %P\\n' | sort -k 3 >kept-files
systemctl show isoline-verifier --property=NRestarts >restarts
step stop systemctl stop isoline-verifier
systemctl show isoline-verifier --property=Result,ExecMainStatus >stopped
`;

describe.skipIf(!possible)("the verifier under systemd (needs CI, root, a build, systemd, namespaces)", () => {
  let cwd: string;
  const told = (file: string) => (existsSync(join(cwd, file)) ? readFileSync(join(cwd, file), "utf8") : "");
  const statuses = (...steps: readonly string[]) => steps.map((step) => `${step} ${told(`${step}.status`).trim()}`);

  beforeAll(async () => {
    cwd = mkdtempSync(join(tmpdir(), "isoline-verifier-unit-"));
    const listen = `127.0.0.1:${await freePort()}`;
    const write = (path: string, text: string, mode = 0o644) => {
      mkdirSync(join(cwd, path, ".."), { recursive: true });
      writeFileSync(join(cwd, path), text, { mode });
    };
    const token = "11".repeat(24);
    const state = "/var/lib/isoline-verifier";
    const at = { trust: `${CONFIGURATION}/trust`, people: { tokens: `${CONFIGURATION}/people` } };
    const configuration = { listen, database: `pglite:${state}/store`, keys: `${state}/keys`, ...at };
    write("configuration/verifier.yaml", JSON.stringify(configuration));
    write("configuration/people", `ann admin * ${token}\n`, 0o600);
    write("configuration/trust/endorsements", "");
    write(
      ".config/isoline/fleet.yaml",
      JSON.stringify({ current: "own", servers: [{ name: "own", url: `http://${listen}`, token }] }),
      0o600,
    );
    write("policy.json", JSON.stringify({ policy: 1, name: "default", version: 1, canisters: [] }));
    write("units/isoline-verifier.service", unitOfTheGuide(cwd));
    runDriver(cwd, DRIVER, { seconds: 240, hidden: ["/var/lib"] });
  });
  afterAll(() => rmSync(cwd, { recursive: true, force: true }));

  it("starts, answers, and takes a policy", () => {
    expect(statuses("start", "first", "set")).toEqual(["start 0", "first 0", "set 0"]);
    expect(told("verifier.out")).toContain('"event":"ready"');
  });

  it("runs as a user without any right, and keeps its files from others", () => {
    const rights = told("rights").trim().split("\n");
    expect(rights.map((line) => line.split(/\s+/).slice(0, 2).join(" ")).sort()).toEqual([
      "CapBnd: 0000000000000000",
      "CapEff: 0000000000000000",
      "NoNewPrivs: 1",
      "Uid: 65534",
    ]);
    const files = told("kept-files").trim().split("\n");
    expect(files.filter((line) => !/^65534 [67]00 /.test(line))).toEqual([]);
    expect(files.map((line) => line.split(" ")[2])).toEqual(expect.arrayContaining(["keys/ear.pem", "store"]));
  });

  it("is started again where it is killed, and has what it took", () => {
    expect({ did: statuses("second", "kept"), ...shown(told("restarts")) }).toEqual({
      did: ["second 0", "kept 0"],
      NRestarts: "1",
    });
    expect(JSON.parse(told("kept.out"))).toMatchObject({ name: "default", version: 1 });
  });

  it("ends well when it is stopped", () => {
    expect({ did: statuses("stop"), ...shown(told("stopped")) }).toEqual({
      did: ["stop 0"],
      Result: "success",
      ExecMainStatus: "0",
    });
  });
});

/** With another program, place of the configuration and user, which a machine of tests has. */
function unitOfTheGuide(cwd: string): string {
  const guide = readFileSync(join(repository, "docs/verifier.md"), "utf8");
  const unit = /```ini\n([^`]*)```/.exec(guide)?.[1] ?? "";
  return unit
    .replace("/usr/bin/isoline", PROGRAM)
    .replace("/etc/isoline-verifier", CONFIGURATION)
    .replace("User=isoline-verifier", "User=nobody")
    .replace("[Unit]", "[Unit]\nDefaultDependencies=no")
    .replace(
      "[Service]",
      `[Service]\nStandardOutput=append:${cwd}/verifier.out\nStandardError=append:${cwd}/verifier.err`,
    );
}

const shown = (properties: string) =>
  Object.fromEntries(
    properties
      .trim()
      .split("\n")
      .map((line) => line.split("=")),
  );

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}
