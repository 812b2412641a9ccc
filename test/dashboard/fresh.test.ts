/** What is open stays as it is at the verifier, or says that it is older: nothing old is shown as good. */
import type { CanisterInFull, Node } from "@isoline/verifier";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { hasBrowser } from "../support/browser.ts";
import { MadeVerifier, TOKEN } from "./made-verifier.ts";
import { launchBrowser, openTab, type Tab } from "./page-in-browser.ts";

const REFUSED = "the evidence of its node was refused, so nothing is known of it";
const RED = { state: "contraindicated", failure: "off-contour", why: "a file that is not on its contour" } as const;

describe.skipIf(!hasBrowser)("a view that is open", () => {
  let browser: Browser;
  beforeAll(async () => void (browser = await launchBrowser()));
  afterAll(() => browser.close());

  /** A verifier, its node, and a tab on a view of that node, live. The clock of the tab can be moved. */
  async function opened(view: (node: Node) => string, change: Partial<Node> = {}) {
    const verifier = await MadeVerifier.start(3);
    const node = verifier.nodes[1]!;
    Object.assign(node, change);
    const tab = await openTab(browser, verifier.address);
    await tab.page.clock.install();
    await tab.page.goto(`${verifier.address}${view(node)}`);
    await tab.page.getByLabel("Token").fill(TOKEN);
    await tab.page.getByRole("button", { name: "Sign in" }).click();
    await tab.page.getByText("live", { exact: true }).waitFor();
    return {
      ...{ verifier, node, tab, page: tab.page },
      reads: (path: string) => verifier.asked.filter(({ what }) => what.split("?")[0] === `GET /v1/${path}`).length,
      async [Symbol.asyncDispose]() {
        await tab[Symbol.asyncDispose]();
        await verifier[Symbol.asyncDispose]();
      },
    };
  }
  const ofNode = ({ name }: Node) => `#/nodes/${name}`;
  const ofCanister = (node: Node) => `${ofNode(node)}/canisters/web-0`;
  const verdict = ({ page }: Tab) => page.locator(".verdict-line");

  /** In a tab that is hidden nothing is read for the time that went by. */
  const see = ({ page }: Tab, state: "hidden" | "visible") =>
    page.evaluate(`Object.defineProperty(document, "visibilityState", { value: "${state}", configurable: true });
      document.dispatchEvent(new Event("visibilitychange"))`);

  /** From here on the verifier says this of the canister as well. */
  const alsoSaying = ({ page }: Tab, said: Partial<CanisterInFull>) =>
    page.route("**/canisters/web-0", async (route) => {
      const answer = await route.fetch();
      await route.fulfill({ response: answer, json: { ...(await answer.json()), ...said } });
    });

  it.each(["a break", "the verifier was set back"])(
    "is read again after %s, also where no change tells of it",
    async (why) => {
      await using open = await opened(ofNode);
      await verdict(open.tab).getByText("affirming").waitFor();
      await see(open.tab, "hidden");
      Object.assign(open.node, RED);
      if (why === "a break") open.verifier.cut();
      else open.verifier.setBack();
      await verdict(open.tab).getByText(RED.why).waitFor();
      expect(await verdict(open.tab).getByText("affirming").count()).toBe(0);
    },
  );

  it("shows what changed during a break that came before any change", async () => {
    await using open = await opened(ofNode);
    await verdict(open.tab).getByText("affirming").waitFor();
    open.verifier.cut();
    open.verifier.turn({ node: open.node.name, from: "affirming", to: RED.state, why: RED.why });
    await verdict(open.tab).getByText(RED.why).waitFor();
    const streams = open.verifier.asked.filter(({ what }) => what === "GET /v1/changes");
    expect(streams.map(({ lastEventId }) => lastEventId)).toStrictEqual([undefined, "0"]);
  });

  it("pales what is older than a failed reading, and is read again by itself", async () => {
    await using open = await opened(ofNode);
    await verdict(open.tab).getByText("affirming").waitFor();
    const own = `**/v1/nodes/${open.node.name}`;
    await open.page.route(own, (route) => route.abort());
    open.verifier.turn({ node: open.node.name, from: "affirming", to: RED.state, why: RED.why });
    await open.page.getByRole("alert").filter({ hasText: "What is shown below is older." }).waitFor();
    expect(await open.page.evaluate("getComputedStyle(document.querySelector('.verdict-line')).opacity")).toBe("0.7");
    await open.page.unroute(own);
    await verdict(open.tab).getByText(RED.why).waitFor();
    expect(await open.page.getByRole("alert").count()).toBe(0);
  });

  it("shows what no change tells of: a later evidence, a departure that the node told after its verdict", async () => {
    await using open = await opened(ofCanister);
    await open.page.getByText("The node has told of no departure.").waitFor();
    const departure = { at: new Date().toISOString(), line: "`sh` executed /usr/bin/nc", refused: true, times: 1 };
    await alsoSaying(open.tab, { departures: [departure] });
    await open.page.clock.fastForward(22_000);
    await open.page.locator(".departures").getByText("/usr/bin/nc").waitFor();
    await open.page.goto(`${open.verifier.address}${ofNode(open.node)}`);
    const facts = open.page.locator(".facts");
    await facts.getByText("6.12.41").waitFor();
    Object.assign(open.node, { kernel: "6.13.0-after-a-boot" });
    await open.page.clock.fastForward(22_000);
    await facts.getByText("6.13.0-after-a-boot").waitFor();
    expect(await facts.getByText("6.12.41").count()).toBe(0);
  });

  it("is not read by time while it is hidden, and is as soon as it can be seen", async () => {
    await using open = await opened(ofCanister);
    await open.page.getByText("The node has told of no departure.").waitFor();
    const path = `nodes/${open.node.name}/canisters/web-0`;
    // After the reading that follows the opening of the stream.
    await expect.poll(() => open.reads(path), { timeout: 10_000 }).toBe(2);
    await open.page.locator(".departures, .nothing").first().waitFor();
    await see(open.tab, "hidden");
    await open.page.clock.fastForward(22_000);
    await open.page.evaluate("fetch('v1/nodes/one-behind-it').then(() => undefined)");
    await expect.poll(() => open.reads("nodes/one-behind-it")).toBe(1);
    expect(open.reads(path)).toBe(2);
    await see(open.tab, "visible");
    await expect.poll(() => open.reads(path)).toBe(3);
  });

  it("has the list of all canisters read at most each 15 s, however often one of them changes", async () => {
    await using open = await opened(() => "#/canisters");
    await open.page.getByRole("table", { name: "Canisters" }).waitFor();
    await open.page.clock.pauseAt(Date.now() + 60_000);
    await expect.poll(() => open.reads("canisters")).toBe(2);
    const spoken = open.page.locator(".unseen[role=status]");
    for (const label of ["web-0", "redis-1"]) {
      open.verifier.turn({ node: open.node.name, label, from: "affirming", to: "stale" });
      const heard = async () => {
        await open.page.clock.runFor(100);
        return await spoken.innerText();
      };
      await expect.poll(heard, { timeout: 20_000, interval: 30 }).toContain(label);
    }
    expect(open.reads("canisters")).toBe(2);
    await open.page.clock.runFor(15_000);
    await expect.poll(() => open.reads("canisters")).toBe(3);
  });

  it("says of a canister that ended and of a node that left that they did, and shows nothing of them any more", async () => {
    await using open = await opened(ofCanister);
    await verdict(open.tab).getByText("affirming").waitFor();
    Object.assign(open.node, { canisters: {} });
    open.verifier.turn({ node: open.node.name, label: "web-0", from: "affirming", to: "unknown", why: "it ended" });
    const alarm = open.page.getByRole("alert");
    await alarm.filter({ hasText: "This canister is not there any more: it ended, or its node left" }).waitFor();
    expect(await verdict(open.tab).count()).toBe(0);
    expect(await alarm.innerText()).not.toContain("older");
    await open.page.goto(`${open.verifier.address}${ofNode(open.node)}`);
    await verdict(open.tab).getByText("affirming").waitFor();
    open.verifier.turn({ node: open.node.name, from: "affirming", to: "gone" });
    await alarm.filter({ hasText: "This node has left the fleet" }).waitFor();
    expect(await verdict(open.tab).count()).toBe(0);
    expect(await open.page.getByRole("heading", { name: "Canisters" }).count()).toBe(0);
  });

  const green = (tab: Tab) =>
    tab.page.evaluate(`[...document.querySelectorAll(".chain *, .chain-short *, .trust *, .figures *")].filter((one) =>
      ["color", "stroke"].some((kind) => getComputedStyle(one)[kind] === getComputedStyle(document.querySelector(".good-colour"))
        .color)).length`);
  const withGreen = (tab: Tab) =>
    tab.page.evaluate(`{ const one = document.createElement("i"); one.className = "good-colour";
      one.style.setProperty("color", "var(--affirming)"); document.body.append(one); }`);

  it("shows the checks of evidence as passed, in the colour of that, where the verdict rests on them", async () => {
    await using open = await opened(ofCanister);
    await open.page.getByText("▲ Every process is trusted, and a register of the TPM vouches for it.").waitFor();
    await open.page.getByRole("link", { name: "each check of the node" }).waitFor();
    await withGreen(open.tab);
    expect(await green(open.tab)).toBeGreaterThan(10);
    expect(await open.page.getByText("as of the last evidence").count()).toBe(0);
  });

  it.each([
    ["of which its node's evidence was refused", { state: "unverifiable", failure: "boot-changed", why: REFUSED }],
    ["that is stale", { state: "stale", failure: "unreachable", why: "no evidence for 60 seconds" }],
    ["that is revoked", { state: "revoked", why: "its node was revoked: stolen" }],
    ["in a state that the page does not know", { state: "splendid" as "stale" }],
  ] as const)("shows of a canister %s what was known as old, and none of it in green", async (_, said) => {
    await using open = await opened(ofNode, { ...RED, state: "stale" });
    await alsoSaying(open.tab, { failure: undefined, why: undefined, ...(said as Partial<CanisterInFull>) });
    await open.page.goto(`${open.verifier.address}${ofCanister(open.node)}`);
    await open.page.getByRole("heading", { name: "Trust of its processes, as of the last evidence" }).waitFor();
    await open.page.getByRole("heading", { name: "From hardware to this canister, as of the last evidence" }).waitFor();
    await open.page.getByRole("link", { name: "each check of the node" }).waitFor();
    const trust = await open.page.locator(".trust").innerText();
    expect(trust).toContain(
      "As of the last evidence no process had lost its trust. Whether one did since is not known.",
    );
    expect(trust).not.toMatch(/is trusted|vouches/);
    await open.page.getByText("no process had departed as of the last evidence").waitFor();
    await withGreen(open.tab);
    expect(await green(open.tab)).toBe(0);
    expect(await open.page.locator(".chain .passed").count()).toBeGreaterThan(3);
  });

  it("shows the chain of a node that is stale as old, and not in green", async () => {
    await using open = await opened(ofNode, { state: "stale", failure: "unreachable", why: "no evidence" });
    await open.page.getByRole("heading", { name: "From hardware to canisters, as of the last evidence" }).waitFor();
    await open.page.getByText("These checks are older than the verdict above.").waitFor();
    await withGreen(open.tab);
    expect(await green(open.tab)).toBe(0);
  });

  it("calls no process trusted where the check of that was not reached", async () => {
    await using open = await opened(ofNode);
    const failed = { name: "record", state: "failed", failure: RED.failure, why: RED.why } as const;
    await alsoSaying(open.tab, { ...RED, links: [{ name: "rules", state: "passed" }, failed] });
    await open.page.goto(`${open.verifier.address}${ofCanister(open.node)}`);
    const trust = open.page.locator(".trust");
    await trust.getByText("That is not proven: the check was not reached.").waitFor();
    expect(await trust.innerText()).not.toMatch(/is trusted|vouches/);
    expect(await open.page.getByText("as of the last evidence").count()).toBe(0);
  });

  const blank = { root: "none", kernel: undefined, build: undefined, canisters: {} } as unknown as Node;
  const refused: Node["links"] = [{ ...RED, name: "quote", state: "failed" }];
  it.each<[string, Partial<Node>]>([
    ["was enrolled and has sent nothing", { state: "unknown", links: [] }],
    ["has sent only evidence that was refused", { ...RED, state: "unverifiable", links: refused }],
    ["was enrolled anew, and had another root before", { state: "unknown", kernel: "6.12.41" }],
  ])("claims nothing of a node that %s", async (_, said) => {
    await using open = await opened(ofNode, { ...blank, ...said });
    await open.page
      .getByText("Nothing of this node is proven yet: it has sent no evidence that was accepted")
      .waitFor();
    await open.page.getByText("No canister is known here: nothing of this node is proven yet.").waitFor();
    expect(await open.page.locator("main").innerText()).not.toMatch(/has no TPM|its word only|No canister runs here/);
    await open.page.locator(".facts").getByText("not known yet").waitFor();
  });

  it("says that no canister runs on a node that is known to have none, and only then", async () => {
    await using open = await opened(ofNode, { canisters: {} as Node["canisters"] });
    await open.page.getByText("No canister runs here.").waitFor();
    open.verifier.turn({ node: open.node.name, from: "affirming", to: "stale", why: "no evidence" });
    await open.page.getByText("No canister ran here as of the last evidence that was accepted.").waitFor();
    expect(await open.page.getByText("No canister runs here.").count()).toBe(0);
  });
});
