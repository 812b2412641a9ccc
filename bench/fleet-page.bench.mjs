/** The page of a fleet in a browser: whether it stutters with thousands of nodes, while a person moves in it and changes come. */
import { setTimeout as wait } from "node:timers/promises";
import { chromium } from "playwright-core";
import { comparison } from "./harness/comparison.mjs";
import { quantile } from "./harness/statistics.mjs";
import { testModule } from "./harness/test-module.mjs";

const CHROMIUM = "/usr/bin/chromium";
const SIZES = [1_000, 5_000, 20_000];
const KEYS = 120;
const STORM = 500;

/** Runs in the page: milliseconds from each frame to the next, until it is asked. */
const RECORD = `window.frames = []; window.last = performance.now();
  const step = (now) => { window.frames.push(now - window.last); window.last = now; requestAnimationFrame(step); };
  requestAnimationFrame(step);`;
const TAKE = "window.frames.splice(0)";

/** @type {import("./harness/solo.mjs").Measurable} */
export const benchmark = {
  title: "the page of a fleet: time from frame to frame",
  method: `Debian's Chromium without a screen, which draws in software, on the same processors as the verifier that it asks: a stand-in
that makes its nodes up. At rest a frame comes each 16.7 ms. "keys": ${KEYS} arrow keys in the map, one each 30 ms. "storm": ${STORM}
nodes change at once, then 50 a second. "shown" is the time from the sign-in to the whole fleet.`,

  async run(session) {
    if (!session.has("everything", CHROMIUM)) return [];
    const { MadeVerifier, TOKEN } = await testModule("dashboard/made-verifier", session.scratch);
    const browser = await chromium.launch({
      executablePath: CHROMIUM,
      args: ["--no-sandbox", "--disable-dev-shm-usage"],
    });
    /** @type {{ shown: Record<string, number[]>, frames: Record<string, number[]>, longest: Record<string, number[]> }} */
    const found = { shown: {}, frames: {}, longest: {} };
    try {
      for (const size of session.quick ? SIZES.slice(0, 1) : SIZES)
        for (let round = 0; round < session.rounds(3, 1); round++) {
          const verifier = await MadeVerifier.start(size);
          const page = await browser.newPage({ viewport: { width: 1600, height: 1000 } });
          await page.goto(verifier.address);
          await page.getByLabel("Token").fill(TOKEN);
          const began = performance.now();
          await page.getByRole("button", { name: "Sign in" }).click();
          await page.getByText(`${size} nodes`, { exact: true }).waitFor();
          put(found.shown, `${size} nodes`, performance.now() - began);
          await wait(2_000);
          await page.evaluate(RECORD);
          const take = async (/** @type {string} */ what) => {
            const frames = /** @type {number[]} */ (await page.evaluate(TAKE));
            put(found.frames, `${what}, ${size} nodes`, quantile(frames, 0.99));
            put(found.longest, `${what}, ${size} nodes`, Math.max(...frames));
          };
          await wait(2_000);
          await take("at rest");
          await page.getByRole("listbox").focus();
          for (let key = 0; key < KEYS; key++) {
            await page.keyboard.press("ArrowRight");
            await wait(30);
          }
          await take("keys");
          await storm(verifier, size);
          await take("storm");
          await page.close();
          await verifier[Symbol.asyncDispose]();
        }
    } finally {
      await browser.close();
    }
    return [
      comparison({ what: "until the whole fleet is shown", unit: "ms", figures: found.shown }),
      comparison({ what: "99 of 100 frames come within", unit: "ms", figures: found.frames }),
      comparison({ what: "the longest time from frame to frame", unit: "ms", figures: found.longest }),
    ];
  },
};

/** @param {Record<string, number[]>} figures @param {string} name @param {number} figure */
function put(figures, name, figure) {
  (figures[name] ??= []).push(figure);
}

/** @param {any} verifier @param {number} size */
async function storm(verifier, size) {
  const turn = (/** @type {number} */ at) => {
    const { name, state } = verifier.nodes[at % size];
    const to = state === "affirming" ? "contraindicated" : "affirming";
    verifier.turn({
      node: name,
      from: state,
      to,
      ...(to !== "affirming" && { failure: "off-contour", why: "made up" }),
    });
  };
  for (let at = 0; at < STORM; at++) turn(at);
  for (let at = 0; at < 250; at++) {
    turn(STORM + at);
    await wait(20);
  }
}
