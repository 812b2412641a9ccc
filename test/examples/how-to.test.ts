/** The commands of the how-to pages, each run as the page has it, in a directory with a small project. */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import { isBuilt } from "../support/isoline.ts";
import { isCI } from "../support/machine.ts";
import { Page } from "./page.ts";

/** Pages whose commands are run elsewhere, or need what tests have not. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  containers: "an engine, images and a registry: test/canister",
  toolchains: "Go: test/toolchains",
  log: "test/log",
  kubernetes: "a cluster: test/verifier/admission and test/packaging/kubernetes",
};
const TESTED = ["ci", "amend", "service", "rotate-and-upgrade", "export", "agent-shell"];

it("each how-to page is tested here or elsewhere", () => {
  const pages = readdirSync(new URL("../../docs/how-to", import.meta.url)).map((file) => file.replace(".md", ""));
  expect(pages.toSorted()).toEqual([...TESTED, ...Object.keys(ELSEWHERE)].toSorted());
});

/** A program whose tests read one file, or another one as well once that is there. */
const reader = 'const { existsSync, readFileSync } = require("node:fs");\nfor (const name of ["data", "extra"])\n';
const PROJECT = {
  "package.json": '{"name":"app","version":"1.0.0","scripts":{"test":"node test.js","test:e2e":"node e2e.js"}}',
  "package-lock.json":
    '{"name":"app","version":"1.0.0","lockfileVersion":3,"packages":{"":{"name":"app","version":"1.0.0"}}}',
  "test.js": `${reader}  if (existsSync(name)) console.log(String(readFileSync(name)));\n`,
  data: "data\n",
};
/** A server that says its port in a file, and a test of it from outside. */
const SERVER = {
  "server.js": `const server = require("node:http").createServer((_, response) => response.end("hello"));
server.listen(0, "127.0.0.1", () => require("node:fs").writeFileSync("port", String(server.address().port)));
process.on("SIGTERM", () => process.exit(0));\n`,
  "e2e.js": `const { existsSync, readFileSync } = require("node:fs");
const look = () => existsSync("port") && readFileSync("port", "utf8") !== "" ? ask() : setTimeout(look, 20);
const ask = () => fetch("http://127.0.0.1:" + readFileSync("port")).then((answer) => answer.text()).then(console.log);
look();\n`,
};

describe.skipIf(!isCI || !isBuilt)("the commands of docs/how-to (only in CI; need a build)", () => {
  let page: Page;
  const open = (name: string, files: Readonly<Record<string, string>>, excused: Page["excused"] = []): Page => {
    page = new Page(name, excused);
    for (const [file, text] of Object.entries(files)) writeFileSync(page.at(file), text);
    return page;
  };
  /** Each command of the page was run, or is excused. */
  const isWhole = () => expect(page.left).toEqual([]);
  afterEach(() => page.clear());

  it("ci", async () => {
    open("ci", PROJECT);
    expect(await page.run("isoline learn -o ci.contour -- sh -c 'npm ci && npm test'")).toMatchObject({ status: 0 });
    writeFileSync(page.at("ci.contour.before"), readFileSync(page.at("ci.contour")));
    expect(await page.run("isoline learn --merge -o ci.contour -- sh -c 'npm ci && npm test'")).toMatchObject({
      status: 0,
    });
    const check = "isoline check ci.contour --report contour-report.json -- sh -c 'npm ci && npm test'";
    expect(await page.run(check)).toMatchObject({ status: 0 });
    expect(JSON.parse(readFileSync(page.at("contour-report.json"), "utf8"))).toMatchObject({ verdict: "on-contour" });
    expect((await page.run("isoline diff ci.contour.before ci.contour")).status).toBeLessThan(2);
    isWhole();
  });

  it("amend", async () => {
    open("amend", PROJECT, [
      [/ -i$/, "asks at a terminal: test/amend/accept"],
      [/ prune /, "wants the evidence of twenty runs: test/amend/prune"],
    ]);
    await page.does("isoline learn -o app.contour -- npm test && isoline learn -o web.contour -- cat data");
    writeFileSync(page.at("extra"), "extra\n");
    expect(await page.run("isoline check app.contour --report report.json -- npm test")).toMatchObject({ status: 3 });
    expect((await page.run("isoline departures report.json")).stdout).toContain("path=$CWD/extra");
    for (const _ of ["earlier", "last"]) await page.does("isoline run web.contour --name web -- cat data extra");
    expect((await page.run("isoline departures web")).stdout).toContain("path=$CWD/extra");
    expect((await page.run("isoline departures web --earlier")).stdout).toContain("path=$CWD/extra");
    for (const only of ["'connect port=443'", "updated-program"]) {
      const { stderr } = await page.run(`isoline accept app.contour report.json --only ${only}`);
      expect(stderr).toContain("0 departures accepted");
    }
    const { stderr } = await page.run("isoline accept web.contour web --reason 'the new cache'");
    expect(stderr).toContain("1 departure accepted");
    expect((await page.run("isoline check app.contour --accept -- npm test")).stderr).toContain("departure accepted");
    expect(await page.does("isoline check app.contour -- npm test")).toMatchObject({ status: 0 });
    isWhole();
  });

  it("service", async () => {
    open("service", { ...PROJECT, ...SERVER }, [
      [/^systemctl /, "needs systemd as the first process"],
      [/^isoline service /, "a unit of systemd: test/service"],
    ]);
    const learning = ["isoline learn -o web.contour -- node server.js &", "npm run test:e2e", "kill -TERM %1"];
    expect((await page.runTogether(learning, (script) => `bash -c 'set -m\n${script}\nwait'`)).stdout).toContain(
      "hello",
    );
    for (const command of [
      "isoline run web.contour --name web --report web.json -- node server.js",
      "isoline run --enforce web.contour --name web -- node server.js",
    ]) {
      rmSync(page.at("port"));
      const { stdout, stderr } = await page.runTogether(
        [command],
        (line) => `${line} & npm run test:e2e; kill -TERM $!; wait $!`,
      );
      expect(stdout).toContain("hello");
      expect(stderr).not.toContain("off contour: `");
    }
    isWhole();
  });

  it("rotate-and-upgrade", async () => {
    open("rotate-and-upgrade", { serve: "#!/bin/sh\numask 022\necho started >> log\n" }, [
      [/ update web| update .*(lock\.json|image@)/, "packages of several kinds: test/amend/update"],
    ]);
    await page.does("chmod +x serve");
    for (const flag of ["", " --merge"])
      expect(await page.run(`isoline learn -o web.contour${flag} -- ./serve`)).toMatchObject({ status: 0 });
    expect(await page.run("isoline run web.contour --enforce -- ./serve")).toMatchObject({ status: 0 });
    await page.does("chmod 600 log; isoline run web.contour --name web --enforce -- ./serve");
    const { stderr } = await page.run("isoline accept web.contour web --only 'path=/var/log/nginx/'");
    expect(stderr).toContain("0 departures accepted");

    mkdirSync(page.at("build"));
    await page.does("cp /bin/true build/program; isoline learn -o app.contour -- build/program");
    renameSync(page.at("build"), page.at("build.old"));
    await page.does("cp -r build.old build; printf '\\0' >> build/program");
    expect(await page.does("isoline check app.contour -- build/program")).toMatchObject({ status: 3 });
    expect(await page.run("isoline update app.contour --from build.old --to build")).toMatchObject({ status: 0 });
    expect(await page.does("isoline check app.contour -- build/program")).toMatchObject({ status: 0 });
    isWhole();
  });

  it("export", async () => {
    open("export", PROJECT, [[/ import /, "a profile of AppArmor in /etc: test/export/import"]]);
    await page.does("isoline learn -o app.contour -- cat data");
    expect(await page.run("isoline export app.contour --to seccomp -o app.seccomp.json")).toMatchObject({
      status: 0,
    });
    expect(JSON.parse(readFileSync(page.at("app.seccomp.json"), "utf8"))).toHaveProperty("defaultAction");
    await page.run("isoline export app.contour --to systemd --cwd /srv/app -o 50-isoline.conf");
    expect(readFileSync(page.at("50-isoline.conf"), "utf8")).toContain("[Service]");
    isWhole();
  });

  it("agent-shell", async () => {
    open("agent-shell", { secret: "secret\n" }, [
      [/^isoline approve agent$/, "asks at a terminal: test/asking/terminal"],
    ]);
    mkdirSync(page.at("src"));
    writeFileSync(page.at("src/sum.js"), "exports.sum = (one, other) => one + other;\n");
    writeFileSync(page.at("src/sum.test.js"), 'require("node:test").test("sum", () => {});\n');
    const [rehearsal = ""] = page.blocks("");
    const [learning = "", asking = ""] = page.blocks("sh");
    const [pseudonyms = ""] = page.blocks("yaml");
    writeFileSync(page.at("contour.yaml"), pseudonyms);
    writeFileSync(page.at("contour-shell"), learning, { mode: 0o755 });
    writeFileSync(page.at("asking-shell"), `#!/bin/sh\nhere=$(dirname "$0")\n${asking}`, { mode: 0o755 });
    for (const line of rehearsal.trim().split("\n"))
      expect(await page.does(`CONTOUR=learn ./contour-shell -c '${line}'`)).toMatchObject({ status: 0 });
    expect((await page.does("./contour-shell -c 'cat src/sum.js'")).stdout).toContain("exports.sum");
    expect((await page.does("./contour-shell -c 'cat secret'")).stdout).toBe("");

    const running = page.does("./asking-shell -c 'cat secret'");
    await page.until("isoline ps --json", (said) => said.includes('"agent"'));
    const told = page.run("isoline approve agent --json", (line) => `${line} > told`);
    await page.until("cat told", (said) => said.includes("secret"));
    const { stdout: list } = await page.run("isoline approve agent --list");
    const key = /^([0-9a-f]{8}) .*secret/m.exec(list)?.[1] ?? "";
    const answer = page.run("isoline approve agent 9f3a01c4 once", (line) => line.replace("9f3a01c4", key));
    expect(await answer).toMatchObject({ status: 0 });
    expect((await running).stdout).toBe("secret\n");
    await told;
    expect(readFileSync(page.at("told"), "utf8")).toMatch(/"asked":.*secret[^]*"over":/);
    isWhole();
  });
});
