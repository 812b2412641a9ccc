/** The views of one node, one canister and a policy, in a browser. */
import type { Node } from "@isoline/verifier";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { isCI } from "../support/machine.ts";
import { MadeVerifier, TOKEN } from "./made-verifier.ts";
import { launchBrowser, openTab, picture, type Tab } from "./page-in-browser.ts";

describe.skipIf(!hasBrowser)("the page", () => {
  let browser: Browser;
  let verifier: MadeVerifier;
  let tab: Tab;
  beforeAll(async () => {
    browser = await launchBrowser();
    verifier = await MadeVerifier.start(300);
    tab = await openTab(browser, verifier.address, TOKEN);
    await tab.page.getByText("300 nodes", { exact: true }).waitFor();
  });
  afterAll(async () => {
    await tab[Symbol.asyncDispose]();
    await verifier[Symbol.asyncDispose]();
    await browser.close();
  });

  const NODE = "#/nodes/ap-south-00007";
  const CANISTER = `${NODE}/canisters/worker-3`;
  const goTo = async (hash: string, title: string, { page }: Tab = tab) => {
    await page.evaluate(`location.hash = ${JSON.stringify(hash)}`);
    await page.getByRole("heading", { level: 1, name: title }).waitFor();
    await page.locator(".waiting").first().waitFor({ state: "detached" });
  };

  it("shows the chain of a node from the hardware on, with each check and why it failed", async () => {
    await goTo(NODE, "ap-south-00007");
    const chain = tab.page.getByRole("list", { name: /^Checks of the node/ });
    const text = (await chain.innerText()).replace(/\s+/g, " ");
    expect(text).toMatch(
      /^Hardware .*passed passed chain is the node enrolled, .* Evidence .* Boot .* Kernel .* Ledger/,
    );
    expect(text).toMatch(/failed ledger does the ledger lead .* off-contour expected a state of the published contour/);
    expect(text).toMatch(/not reached tree is each canister under the quote once, and none left out\?/);
  });

  it("lists the canisters of a node, the worst first", async () => {
    const rows = tab.page.getByRole("table", { name: "Canisters" }).getByRole("row");
    expect((await rows.nth(1).innerText()).replace(/\s+/g, " ")).toMatch(/^worker-3 contraindicated off-contour/);
    await rows.nth(1).getByRole("link").click();
    await tab.page.getByRole("heading", { level: 1, name: "worker-3" }).waitFor();
  });

  it("shows departures with their why and the nearest known act, as the node's own words", async () => {
    await goTo(CANISTER, "worker-3");
    const text = (await tab.page.locator(".departures").innerText()).replace(/\s+/g, " ");
    expect(text).toMatch(
      /refused `sh` \(nginx → sh\) executed \/usr\/bin\/curl .*why `nginx` starts no program on the contour/,
    );
    expect(text).toMatch(/nearest known act `entrypoint\.sh` executed \/usr\/sbin\/nginx/);
    await tab.page.getByText("In the node's own words.").waitFor();
  });

  it("shows what a process began for itself as that, with the name that it chose as text", async () => {
    const began = (begun: object, sensor: string) =>
      tab.page.route("**/canisters/worker-3", async (route) => {
        const answer = await route.fetch();
        await route.fulfill({ response: answer, json: { ...(await answer.json()), begun, sensor } });
      });
    const note = tab.page.locator(".begun-note");
    for (const [name, sensor, said] of [
      ["web", "seccomp", "called it web. That process installed the filter, so it holds what it started unless it"],
      ["<b>\u202e", "bpf", "called it <b>\\u{202e}. The kernel took that process in."],
    ] as const) {
      await goTo(NODE, "ap-south-00007");
      await began({ user: 1000, name }, sensor);
      await goTo(CANISTER, "worker-3");
      expect(await note.innerText()).toContain(`A process of user 1000 of the node began this for itself, and ${said}`);
      await tab.page.unroute("**/canisters/worker-3");
    }
    await goTo(NODE, "ap-south-00007");
    await goTo(CANISTER, "worker-3");
    expect(await note.count()).toBe(0);
  });

  it("says how far the processes are trusted, and that a check that was not reached proves nothing", async () => {
    const text = await tab.page.locator(".trust").innerText();
    expect(text).toContain("2 processes lost their trust; the check was not reached, so this is not proven.");
  });

  it("lists the processes that departed, each with what the node tells of it, and says what it does not know", async () => {
    const rows = tab.page.getByRole("table", { name: /^Processes that departed/ }).getByRole("row");
    const row = async (at: number) => (await rows.nth(at).innerText()).replace(/\s+/g, " ");
    expect(await row(1)).toMatch(
      /^3 pid 4711 .* ago ▼ untrusted `sh` \(nginx → sh\) executed \/usr\/bin\/curl `nginx` starts no program .* executed \/usr\/sbin\/nginx$/,
    );
    expect(await row(2)).toMatch(/^9 pid 4712 .* ▼ untrusted the node has not told what it was$/);
    expect(await row(3)).toMatch(/^12 pid 4713 .* ▼ untrusted the node does not know what it was$/);
    await tab.page.getByText("These are the first 3 of 240.").waitFor();
  });

  it("draws the contour as a map: a program can be chosen by keys, and let go by Escape", async () => {
    const map = tab.page.getByRole("group", { name: "Map of web.contour" });
    const program = map.getByRole("button", { name: "/usr/sbin/nginx, 168 acts, 1 departure" });
    await program.focus();
    await program.press("Enter");
    await expect.poll(() => program.getAttribute("aria-pressed")).toBe("true");
    expect(await tab.page.locator(".chosen-says").innerText()).toMatch(
      /^\/usr\/sbin\/nginx: .*reads 160 · creates, writes, removes 3 · talks to 3 · acts on processes 1 · asks the system for 1$/,
    );
    await program.press("Escape");
    await expect.poll(() => program.getAttribute("aria-pressed")).toBe("false");
    await tab.page.getByRole("heading", { level: 1, name: "worker-3" }).waitFor();
  });

  it("has the same contour as text, which can be searched", async () => {
    await tab.page.getByRole("group", { name: "Show as" }).getByRole("button", { name: "text" }).click();
    await tab.page.getByLabel("Search in the contour").fill("nginx connect 5432");
    await expect.poll(() => tab.page.locator(".contour-text output").innerText()).toBe("1 act");
    expect(await tab.page.locator(".contour-text tbody").innerText()).toMatch(/nginx\s+as user 101\s/);
    await tab.page.getByLabel("Search in the contour").fill("user 101 connect");
    await expect.poll(() => tab.page.locator(".contour-text output").innerText()).toBe("1 act");
    expect(await tab.page.locator(".toolbar").allInnerTexts()).toContainEqual(
      expect.stringContaining("as 2 users; the text names them"),
    );
  });

  /** What is said of the counts over time, and the rows of their table, of the canister that is shown. */
  const overTime = async () => {
    const part = tab.page.locator("section").filter({ has: tab.page.getByRole("heading", { name: "Over time" }) });
    const chart = part.getByRole("img", {
      name: "departures, refused, lost, untrusted over time; the table below has the same",
    });
    await chart.locator("canvas").waitFor();
    if (!(await part.getByRole("table").first().isVisible()))
      await part.getByText("Reports and verdicts as tables").click();
    const rows = await part.getByRole("table").first().locator("tbody").getByRole("row").allInnerTexts();
    return { says: await part.locator("p").innerText(), rows: rows.map((row) => row.replace(/\s+/g, " ")), part };
  };

  it("draws the counters over time as they were kept, and has them as a table, and the changes of its verdict", async () => {
    const { says, rows, part } = await overTime();
    expect(says).toMatch(
      /^A report is kept when a count changes, .* The lines end at the last report: evidence of the node/,
    );
    expect(rows.map((row) => row.replace(/^.* UTC (.*) 18 \d{3} \d{3}$/, "$1"))).toStrictEqual([
      ...["14 11 0 2", "11 9 0 2", "8 7 0 1", "6 4 0 1", "3 2 0 0", "0 0 0 0"],
    ]);
    const verdicts = part.getByRole("table").filter({ hasText: "All changes of its verdict" });
    expect((await verdicts.getByRole("row").nth(1).innerText()).replace(/\s+/g, " ")).toMatch(
      /contraindicated off-contour/,
    );
  });

  it("draws a flat line up to the last evidence of a canister whose counts never changed", async () => {
    await goTo("#/nodes/eu-north-00000/canisters/web-0", "web-0");
    const { says, rows } = await overTime();
    expect(says).toMatch(
      /^No count changed since the first report that is kept, of 20.* UTC\. The lines go on to the last evidence of the node, of 20/,
    );
    expect(rows).toStrictEqual([
      expect.stringMatching(/UTC, the last evidence 0 0 0 0 –$/),
      expect.stringMatching(/UTC 0 0 0 0 [ \d]{10}$/),
    ]);
    await goTo(CANISTER, "worker-3");
  });

  it("goes up one view by Escape", async () => {
    const title = tab.page.getByRole("heading", { level: 1 });
    await title.focus();
    await tab.page.keyboard.press("Escape");
    await expect.poll(() => title.innerText()).toBe("ap-south-00007");
  });

  it("tries a policy: what would change, and why", async () => {
    await goTo("#/policy", "Policy");
    await tab.page.getByLabel(/^The signed policy file/).fill('{"payload": "a policy"}');
    await tab.page.getByRole("button", { name: "Try it" }).click();
    const result = tab.page.getByRole("region", { name: "What would change" });
    const text = (await result.innerText()).replace(/\s+/g, " ");
    expect(text).toMatch(
      /9 would turn red 3 would turn green 2 would change otherwise 288 stay as they are 12 changes are shown below, with their reasons, and 5 more are not\. 9 changes the policy accepts no canister/,
    );
    expect(verifier.asked.at(-1)).toMatchObject({
      what: "POST /v1/policies/fleet/dry-run",
      body: '{"payload": "a policy"}',
    });
  });

  it("says the same result again to screen readers, and takes it away where the file or the name is another one", async () => {
    await goTo("#/policy", "Policy");
    const file = tab.page.getByLabel(/^The signed policy file/);
    const result = tab.page.getByRole("region", { name: "What would change" });
    const attempt = async () => {
      await tab.page.getByRole("button", { name: "Try it" }).click();
      await result.waitFor();
    };
    await file.fill("a policy");
    await attempt();
    const said = await tab.page.locator("[aria-live=polite] > *").elementHandle();
    await file.fill("another policy");
    await result.waitFor({ state: "detached" });
    await attempt();
    // Another element with the same words: that is what is read out.
    expect(await said?.evaluate((one: { readonly isConnected: boolean }) => one.isConnected)).toBe(false);
    expect(await tab.page.locator("[aria-live=polite]").innerText()).toMatch(/^9 would turn red/);
    await tab.page.getByLabel("Name").fill("other");
    await result.waitFor({ state: "detached" });
  });

  it("takes a policy file that is chosen", async () => {
    const file = { name: "fleet.policy", mimeType: "application/json", buffer: Buffer.from("from a file") };
    await tab.page.getByLabel("File", { exact: true }).setInputFiles(file);
    await expect.poll(() => tab.page.getByLabel(/^The signed policy file/).inputValue()).toBe("from a file");
  });

  it("ends a policy that is being tried when its view is left", async () => {
    await goTo("#/policy", "Policy");
    const isTrial = (path: URL) => path.pathname.endsWith("/dry-run");
    await tab.page.route(isTrial, () => undefined);
    const ended = tab.page.waitForEvent("requestfailed", (request) => isTrial(new URL(request.url())));
    await tab.page.getByLabel(/^The signed policy file/).fill("a policy");
    await tab.page.getByRole("button", { name: "Try it" }).click();
    await tab.page.getByRole("button", { name: "Trying …" }).waitFor();
    await goTo("#/canisters", "Canisters");
    expect((await ended).failure()?.errorText).toBe("net::ERR_ABORTED");
    await tab.page.unroute(isTrial);
  });

  it("says of a node that is not known that nothing is known", async () => {
    await goTo("#/nodes/lost", "lost");
    expect(await tab.page.getByRole("alert").first().innerText()).toContain("nothing is known of /v1/nodes/lost");
  });

  it("shows all canisters of a node, also where they come in several answers", async () => {
    await goTo(NODE, "ap-south-00007");
    const { canisters } = verifier.nodes.find(({ name }) => name === "ap-south-00007") as Node;
    const count = Object.values(canisters).reduce((sum, each) => sum + each, 0);
    expect(count).toBeGreaterThan(3);
    await expect.poll(() => tab.page.locator('a[href*="/canisters/"]').count()).toBe(count);
  });

  it("explains its keys", async () => {
    await tab.page.keyboard.press("?");
    const keys = tab.page.getByRole("dialog", { name: "Keys" });
    await expect.poll(() => keys.innerText()).toMatch(/to the filter/);
    await tab.page.keyboard.press("Escape");
    await expect.poll(() => keys.isVisible()).toBe(false);
  });

  it("lets the first Tab skip to the content", async () => {
    await using fresh = await openTab(browser, verifier.address, TOKEN);
    await fresh.page.getByText("300 nodes", { exact: true }).waitFor();
    await fresh.page.reload();
    await fresh.page.getByText("300 nodes", { exact: true }).waitFor();
    await fresh.page.keyboard.press("Tab");
    expect(await fresh.page.evaluate("document.activeElement.textContent")).toBe("Skip to the content");
    await fresh.page.keyboard.press("Enter");
    expect(await fresh.page.evaluate("document.activeElement.textContent")).toBe("Fleet");
  });

  it("keeps a chosen theme, and follows the system without one", async () => {
    await using dark = await openTab(browser, verifier.address, TOKEN, { colorScheme: "dark" });
    const ground = () => dark.page.evaluate("getComputedStyle(document.body).backgroundColor");
    const before = await ground();
    await dark.page.getByRole("button", { name: /^◐? ?Theme/ }).click();
    expect(await ground()).not.toBe(before);
    await dark.page.reload();
    await dark.page.getByRole("heading", { level: 1 }).waitFor();
    expect(await ground()).not.toBe(before);
  });

  const sizes = [
    [400, "light"],
    [1600, "dark"],
    ...(isCI
      ? ([
          [400, "dark"],
          [1600, "light"],
        ] as const)
      : []),
  ] as const;
  it.each(sizes)("fits into %i pixels, %s", async (width, colorScheme) => {
    await using sized = await openTab(browser, verifier.address, TOKEN, {
      viewport: { width, height: 1000 },
      colorScheme,
    });
    await sized.page.getByText("300 nodes", { exact: true }).waitFor();
    const views = { fleet: ["#/", "Fleet"], list: ["#/?view=list", "Fleet"], node: [NODE, "ap-south-00007"] };
    const more = {
      canister: [CANISTER, "worker-3"],
      canisters: ["#/canisters", "Canisters"],
      policy: ["#/policy", "Policy"],
    };
    const tooWide: string[] = [];
    for (const [name, [hash = "", title = ""]] of Object.entries({ ...views, ...more })) {
      await goTo(hash, title, sized);
      await picture(sized.page, `${name}-${width}-${colorScheme}`);
      const wide = Number(await sized.page.evaluate("document.documentElement.scrollWidth"));
      if (wide > width) tooWide.push(`${name}: ${wide}`);
    }
    expect(tooWide).toStrictEqual([]);
    expect(sized.wrong).toStrictEqual([]);
  });
});
