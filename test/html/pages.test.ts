/** Pages of contours: complete by themselves, closed to names from a workload, and readable in a browser. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { Contour } from "@isoline/core/contour";
import type { Credentials, Event, Subject } from "@isoline/core/event";
import { canonicalPolicy, parsePolicy } from "@isoline/core/identity";
import { iso1 } from "@isoline/core/profile";
import { beforeAll, describe, expect, it } from "vitest";
import { connects, event, executes, learnt, node, npm, opens, root, sh } from "../engine/workload.ts";
import { isoline, temporaryPlace } from "../cli/isoline.ts";

const CHROMIUM = "/usr/bin/chromium";
const place = temporaryPlace();

const INJECTIONS = [
  "$CWD/</script><script>document.title='taken'</script>",
  "$CWD/<img\\x20src=x\\x20onerror=document.title='taken'>",
  "$CWD/&lt;b&gt;\"'`${document.title}",
  "$CWD/<!--<script>",
];
const hostile = learnt(
  executes(npm, "/usr/bin/sh"),
  ...INJECTIONS.flatMap((path) => [opens(sh, path), opens(sh, `${path}/.ssh/id_rsa`)]),
  connects(node, "203.0.113.7:443"),
);

function pageOf(args: readonly string[]): string {
  const file = place.path("page.html");
  isoline([...args, "--html", file]);
  return readFileSync(file, "utf8");
}

/** The document as a browser has it after its script ran, at one width; `found` is searched for. */
function inBrowser(found = "", width = 1600): string {
  const flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"];
  const more = ["--disable-component-update", "--virtual-time-budget=5000", `--window-size=${width},900`];
  const args = [...flags, ...more, `--user-data-dir=${place.path("profile")}`, "--dump-dom"];
  return execFileSync(CHROMIUM, [...args, `file://${place.path("page.html")}#${encodeURIComponent(found)}`], {
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"],
    timeout: 50_000,
    maxBuffer: 64 * 1024 * 1024,
  });
}

describe("a page of a contour", () => {
  let page = "";
  beforeAll(() => {
    page = pageOf(["show", place.keep("hostile.contour", hostile)]);
  });

  it("names what matters before everything else", () => {
    expect(page).toMatch(
      /What matters first[^]*credentials[^]*\.ssh\/id_rsa[^]*network[^]*203\.0\.113\.7:443[^]*Programs/,
    );
  });

  it("loads nothing and sends nothing: it holds no address, and forbids itself what is not its own", () => {
    expect(page).toMatch(
      /http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'sha256-[^']+'; script-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'"/,
    );
    const markup = page.replace(/<script type="application\/json"[^]*?<\/script>/, "");
    expect(markup).not.toMatch(/\b(?:src|href|action|srcset|ping)=["']|url\(|@import|https?:\/\/|innerHTML|\beval\b/);
  });

  it("has two script elements, whatever names a workload chooses", () => {
    expect(page.match(/<script\b/g)).toHaveLength(2);
    expect(page.match(/<\/script>/g)).toHaveLength(2);
    expect(page).not.toContain("<img");
    expect(page).not.toContain("<!--");
  });

  it("of a difference names the rules that only one side has, with all that they take", () => {
    const rule = { accepts: "a number", because: "6 of 6 runs", of: ["create", "unlink"], replaces: 2 };
    const under = (...classes: readonly object[]) => canonicalPolicy(parsePolicy({ classes }));
    const both = { ...rule, at: "$CWD/up/{a-<n>}.jpg" };
    const a = place.keep("plain.contour", Contour.create({ profile: iso1, policy: under(both) }));
    const closed = { ...rule, at: "$CWD/in/{<one>}", names: ["x.txt", "y.txt"] };
    const b = place.keep("ruled.contour", Contour.create({ profile: iso1, policy: under(both, closed) }));
    const shown = "rule $CWD/in/{<one>}: create, unlink one of x.txt, y.txt; a number  (2 acts); 6 of 6 runs";
    expect(isoline(["diff", a, b]).stdout).toContain(`+ ${shown}`);
    const compared = pageOf(["diff", a, b]);
    expect(compared).toContain(`added ${shown.replaceAll("<", "&#60;").replaceAll(">", "&#62;")}`);
    expect(compared).toContain("1 rule added · 0 rules removed");
  });

  it("says as which user programs act, and of each act where there are several", () => {
    expect(page).toContain("· as user 1000<");
    const { subject } = opens(node, "/root/x") as Event & { subject: Subject<"open"> };
    const asRoot = event(node, "open", subject, root);
    const both = pageOf(["show", place.keep("both.contour", learnt(opens(node, "$CWD/.ssh/id_rsa"), asRoot))]);
    expect(both).not.toContain("· as user");
    expect(both).toMatch(/What matters first[^]*id_rsa[^<]*\(as user 1000\)/);
    expect(both).toMatch(/\(as user 0 \(root\) with [^)]*\)/);
  });

  it("of a difference tells programs apart that act as other users, or with other rights", () => {
    const opened = opens(node, "$CWD/x");
    const { subject } = opened as ReturnType<typeof opens> & { subject: Subject<"open"> };
    const of = (credentials: Credentials) => learnt(event(node, "open", subject, credentials));
    const plain = place.keep("plain.contour", learnt(opened));
    const asRoot = pageOf(["diff", plain, place.keep("root.contour", of(root))]);
    expect(asRoot.match(/"name":"node[^"]*"/g)).toEqual(['"name":"node (0)"', '"name":"node (1000)"']);
    const raised = of({ ...opened.actor.credentials, capabilities: 0x20n });
    const other = pageOf(["diff", plain, place.keep("raised.contour", raised)]);
    expect(other).toMatch(/"name":"node \(uid=1000 [^"]* capabilities=0x20\)"/);
    const grouped = of({ ...opened.actor.credentials, gid: 42, egid: 42, sgid: 42, fsgid: 42 });
    const added = pageOf(["diff", place.keep("empty.contour", learnt()), place.keep("grouped.contour", grouped)]);
    expect(added).toContain('"name":"node (1000:42)"');
  });

  it("leaves the page that was there where the contour cannot be read", () => {
    const before = pageOf(["show", place.keep("hostile.contour", hostile)]);
    expect(isoline(["show", place.path("missing.contour"), "--html", place.path("page.html")]).status).not.toBe(0);
    expect(readFileSync(place.path("page.html"), "utf8")).toBe(before);
  });
});

describe.skipIf(!existsSync(CHROMIUM))("in a browser (needs chromium)", () => {
  it("lists the programs as a tree, and runs nothing that a name says", () => {
    pageOf(["show", place.keep("hostile.contour", hostile)]);
    const dom = inBrowser();
    expect(dom).toContain("<title>hostile.contour</title>");
    expect(dom).toContain("3 programs");
    expect(dom.match(/<details class="program"/g)).toHaveLength(3);
    expect(dom).not.toContain("<img");
    expect(dom).toContain('class="badge credentials"');
  });

  it("finds acts by a word, on a narrow screen too", () => {
    const dom = inBrowser("203.0.113", 400);
    expect(dom).toContain("1 act");
    expect(dom).toMatch(/<span class="says">connected to tcp 203\.0\.113\.7:443<\/span>/);
  });

  it("shows what a difference adds and removes, and no program without one", () => {
    const a = place.keep("a.contour", learnt(opens(node, "$HOME/.npmrc"), opens(sh, "$CWD/same")));
    const b = place.keep("b.contour", learnt(opens(node, "$HOME/.ssh/id_ed25519"), opens(sh, "$CWD/same")));
    pageOf(["diff", a, b]);
    const dom = inBrowser("$HOME");
    expect(dom).toContain("<title>a.contour → b.contour</title>");
    expect(dom).toMatch(/class="row credentials plus"[^]*id_ed25519/);
    expect(dom).toMatch(/class="row credentials minus"[^]*\.npmrc/);
    expect(dom).not.toContain("$CWD/same");
  });

  it("opens a contour of many points, and shows a part of them at once", () => {
    const many = Array.from({ length: 20_000 }, (_, at) => opens(node, `$CWD/data/${at % 100}/file${at}`));
    pageOf(["show", place.keep("many.contour", learnt(...many, event(node, "chroot", { path: "/x" })))]);
    const dom = inBrowser("file");
    expect(dom).toMatch(/20.000 acts; the first 200 are shown/);
    expect(dom.match(/<li class="row read/g)).toHaveLength(200);
  });
});
