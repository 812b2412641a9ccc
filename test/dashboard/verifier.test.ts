/** The page as the verifier itself serves it, with its embedded store: a canister turns red before the reader's eyes. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import type { CanisterInFull } from "@isoline/verifier";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { canisterSample } from "../attest/samples.ts";
import { hasBrowser } from "../support/browser.ts";
import { Rig, samplePolicy, VIEWER } from "../verifier/rig.ts";
import { SoftwareNode } from "../verifier/software-node.ts";
import { unlikeAVerifier } from "./as-verifiers-make-it.ts";
import { inlineScript, launchBrowser, openTab, type Tab } from "./page-in-browser.ts";

describe.skipIf(!hasBrowser)("the page of a verifier", () => {
  const rig = new Rig();
  const node = new SoftwareNode("node-1");
  const foreign = new SoftwareNode("node-2");
  let browser: Browser;
  let tab: Tab;
  beforeAll(async () => {
    browser = await launchBrowser();
    await rig.enrol([
      [node, "acme", { region: "eu" }],
      [foreign, "umbrella"],
    ]);
    await rig.start();
    await rig.rules();
    await rig.attest(node);
    tab = await openTab(browser, `${rig.address}/`, VIEWER);
    await tab.page.getByText("1 node", { exact: true }).waitFor();
    await tab.page.getByText("live", { exact: true }).waitFor();
  });
  afterAll(async () => {
    await tab[Symbol.asyncDispose]();
    await rig.close();
    await browser.close();
  });

  it("shows a person of a tenant the nodes of that tenant", async () => {
    await tab.page.getByRole("button", { name: "list" }).click();
    expect((await tab.page.getByRole("table", { name: "Nodes" }).innerText()).replace(/\s+/g, " ")).toMatch(
      /node-1 affirming .* 1 canister acme/,
    );
    expect(await tab.page.evaluate("document.body.innerText")).not.toContain("node-2");
  });

  it("shows every check of the node as passed", async () => {
    await tab.page.getByRole("link", { name: "node-1" }).click();
    const chain = tab.page.getByRole("list", { name: /^Checks of the node/ });
    await chain.waitFor();
    const text = (await chain.innerText()).replace(/\s+/g, " ");
    expect(text).toMatch(/^Hardware .*passed passed chain .* passed quote .* passed counters/);
    expect(text).not.toContain("failed");
  });

  it("turns a canister red while the reader looks at it, with the reason and the node's words", async () => {
    await tab.page.getByRole("link", { name: "web" }).click();
    await tab.page.getByRole("heading", { level: 1, name: "web" }).waitFor();
    const verdict = tab.page.locator(".verdict-line");
    await verdict.filter({ hasText: "affirming" }).waitFor();
    await rig.call("POST", "/v1/nodes/node-1/departures", {
      token: node.token,
      body: {
        canister: "web",
        departures: [
          {
            at: new Date().toISOString(),
            line: "`sh` executed /tmp/<img src=x onerror=alert(1)>\u202e",
            why: "no point",
            refused: true,
            times: 2,
          },
        ],
      },
    });
    const counters = { events: 100, departures: 1, refused: 1, lost: 0, untrusted: 1 };
    await rig.attest(node, { canisters: [canisterSample("web", { counters })] });
    await verdict.filter({ hasText: "contraindicated" }).filter({ hasText: "off-contour" }).waitFor();
    await expect
      .poll(() => tab.page.locator(".departures").innerText())
      .toContain("`sh` executed /tmp/<img src=x onerror=alert(1)>\\u{202e}");
    expect(await tab.page.locator(".trust").innerText()).toContain("1 process lost their trust");
  });

  it("draws what it counted over time: a line that grows when it departs again, and not by events alone", async () => {
    const kept = async () => {
      const { body } = await rig.get<CanisterInFull>("/v1/nodes/node-1/canisters/web");
      expect(unlikeAVerifier(body)).toStrictEqual([]);
      return body.reports.items.map(({ counters: { departures, events } }) => [departures, events]);
    };
    const again = async (departures: number, events: number) => {
      const counters = { events, departures, refused: 1, lost: 0, untrusted: 1 };
      const { body } = await rig.attest(node, { canisters: [canisterSample("web", { counters })] });
      expect(body.canisters).toMatchObject([{ state: "contraindicated", failure: "off-contour" }]);
    };
    const before = await kept();
    expect(before[0]).toStrictEqual([1, 100]);
    // Of the reports within ten seconds the last is kept.
    await setTimeout(10_000);
    await again(10_000, 200);
    await again(10_000, 300);
    expect(await kept()).toStrictEqual([[10_000, 200], ...before]);

    await tab.page.reload();
    const chart = tab.page.getByRole("img", { name: /^departures, refused, lost, untrusted over time/ });
    await chart.locator("canvas").waitFor();
    await tab.page.getByText("Reports and verdicts as tables").click();
    const rows = tab.page.getByRole("table").filter({ hasText: "All reports that are kept" }).locator("tbody tr");
    expect((await rows.allInnerTexts()).slice(0, 3).map((row) => row.replace(/\s+/g, " "))).toStrictEqual([
      expect.stringMatching(/ UTC, the last evidence 10 000 1 0 1 –$/),
      expect.stringMatching(/ UTC 10 000 1 0 1 200$/),
      expect.stringMatching(/ UTC 1 1 0 1 100$/),
    ]);
  });

  it("draws the contour that the node has sent, and has its acts as text", async () => {
    const file = readFileSync(new URL("../../packages/core/src/contour/fixtures/small.contour", import.meta.url));
    const digest = createHash("sha256").update(file).digest();
    await rig.rules(samplePolicy({ version: 2 }), {
      references: 1,
      contours: [{ name: "small", contour: digest.toString("hex"), state: "05".repeat(32) }],
    });
    const started = 1_789_999_000_001;
    const { body } = await rig.attest(node, {
      canisters: [canisterSample("web", { contour: Uint8Array.from(digest), started })],
    });
    expect(body.need).toStrictEqual([`contour:${digest.toString("hex")}`]);
    const path = `/v1/contours/${digest.toString("hex")}`;
    expect((await rig.call("PUT", path, { token: node.token, body: Uint8Array.from(file) })).status).toBe(201);
    await tab.page.reload();
    const map = tab.page.getByRole("group", { name: "Map of small" });
    await map.getByRole("button", { name: "/bin/sh, 2 acts" }).waitFor();
    await map.getByRole("button", { name: "/usr/bin/node, 3 acts" }).waitFor();
    await map.getByRole("button", { name: "$HOME/.npmrc, 1 act" }).waitFor();
    expect(await tab.page.locator(".toolbar").allInnerTexts()).toContainEqual(
      expect.stringContaining("2 programs, as the user who started it"),
    );
    await tab.page.getByRole("group", { name: "Show as" }).getByRole("button", { name: "text" }).click();
    await expect.poll(() => tab.page.locator(".contour-text tbody").innerText()).toMatch(/r\s*open read\s+\/b\\x20c/);
  });

  it("asks that host alone, and breaks no rule of the policy that the verifier sends", () => {
    expect([...tab.hosts]).toStrictEqual([new URL(rig.address).host]);
    expect(tab.wrong).toStrictEqual([]);
    expect(rig.failures).toStrictEqual([]);
  });

  it("runs no inline script under that policy", async () => {
    const told = (await fetch(`${rig.address}/`)).headers.get("content-security-policy");
    expect(told?.split("; ")).toEqual(expect.arrayContaining(["script-src 'self'", "trusted-types 'none'"]));
    expect(await inlineScript(tab)).toBe("refused");
  });
});
