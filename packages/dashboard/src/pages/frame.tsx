/** What surrounds every view: where one can go, whether the page is live, the theme, the keys. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { liveness } from "../fleet/fleet.ts";
import { verifierTime } from "../parts/clock.ts";
import { FILTER } from "../parts/filter-line.tsx";
import { Announcer } from "../parts/notices.tsx";
import { Said } from "../parts/said.tsx";
import { go, openAt, place } from "../place/route.ts";
import { chooseTheme, theme, themes } from "../place/theme.ts";
import { exact } from "../text/amounts.ts";
import { signOut } from "../wire/session.ts";

const views = [
  { view: "fleet", title: "Fleet", address: "#/" },
  { view: "canisters", title: "Canisters", address: "#/canisters" },
  { view: "changes", title: "Changes", address: "#/changes" },
  { view: "policy", title: "Policy", address: "#/policy" },
] as const;

export function Frame({ children }: { readonly children: ComponentChildren }): JSX.Element {
  const keys = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => press(event, keys.current);
    addEventListener("keydown", onKey);
    return () => removeEventListener("keydown", onKey);
  }, []);
  const { view } = place.value.route;
  return (
    <>
      <a
        class="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          document.querySelector<HTMLElement>("h1")?.focus();
        }}
      >
        Skip to the content
      </a>
      <header class="bar">
        <a class="brand" href="#/">
          <Brand /> isoline
        </a>
        <nav aria-label="Views">
          {views.map((one) => (
            <a href={one.address} aria-current={one.view === view ? "page" : undefined}>
              {one.title}
            </a>
          ))}
        </nav>
        <div class="tools">
          <Live />
          <button
            type="button"
            class="plain"
            title="Light or dark"
            onClick={() => chooseTheme(themes[(themes.indexOf(theme.value) + 1) % themes.length] ?? "system")}
          >
            <span aria-hidden="true">◐</span> <span class="unseen">Theme: </span>
            {theme}
          </button>
          <button type="button" class="plain" aria-keyshortcuts="?" onClick={() => keys.current?.showModal()}>
            <kbd>?</kbd>
            <span class="unseen">Keys</span>
          </button>
          <button type="button" class="plain" onClick={leave}>
            Sign out
          </button>
        </div>
      </header>
      <NotLive />
      <main id="main" class={liveness.value.state === "broken" ? "old" : ""}>
        {children}
      </main>
      <Announcer />
      <KeyHelp dialog={keys} />
    </>
  );
}

/** Also the address is of the person who leaves: it has names and a filter. */
function leave(): void {
  signOut();
  openAt("#/");
}

function Live(): JSX.Element {
  const words = { live: "live", connecting: "connecting", broken: "not live" } as const;
  const { state } = liveness.value;
  return (
    <span class={`live ${state}`} role="status">
      <span class="sign" aria-hidden="true">
        {state === "live" ? "●" : state === "broken" ? "✕" : "○"}
      </span>{" "}
      <span>{words[state]}</span>
    </span>
  );
}

/** What is old is never shown as if it were of now. */
function NotLive(): JSX.Element | null {
  const current = liveness.value;
  if (current.state !== "broken") return null;
  return (
    <div class="notice alarm wide">
      <strong aria-hidden="true">!</strong>
      <div>
        {/* What changes while it lasts is outside: a screen reader reads the whole of an alert again when a part of it changes. */}
        <span role="alert">Not live since {exact(verifierTime(current.since))}: what is shown may be old.</span>{" "}
        <Said text={current.why} most={300} /> The page keeps trying.
      </div>
    </div>
  );
}

function press(event: KeyboardEvent, keys: HTMLDialogElement | null): void {
  if (event.altKey || event.ctrlKey || event.metaKey || event.defaultPrevented) return;
  const isTyping = event.target instanceof Element && event.target.closest("input, textarea, select") !== null;
  if (isTyping || keys?.open === true) return;
  if (event.key === "/") {
    const filter = document.getElementById(FILTER);
    if (filter === null) return;
    event.preventDefault();
    filter.focus();
  }
  if (event.key === "?") {
    event.preventDefault();
    keys?.showModal();
  }
  const { route } = place.peek();
  if (event.key === "Escape" && route.view === "canister") go(`#/nodes/${encodeURIComponent(route.node)}`);
  else if (event.key === "Escape" && route.view !== "fleet") go("#/");
}

function KeyHelp({ dialog }: { readonly dialog: { readonly current: HTMLDialogElement | null } }): JSX.Element {
  const keys: readonly (readonly [keys: string, does: string])[] = [
    ["/", "to the filter"],
    ["← ↑ → ↓", "move in the map, in lists, in a contour"],
    ["Home End PgUp PgDn", "first, last, a page"],
    ["Enter", "open what is under the cursor"],
    ["Esc", "empty the filter; let go of a choice; one view up"],
    ["?", "these keys"],
  ];
  return (
    <dialog ref={dialog} aria-labelledby="keys-title">
      <h2 id="keys-title">Keys</h2>
      <dl class="keys">
        {keys.map(([key, does]) => (
          <div>
            <dt>
              {key.split(" ").map((one) => (
                <kbd>{one}</kbd>
              ))}
            </dt>
            <dd>{does}</dd>
          </div>
        ))}
      </dl>
      <form method="dialog">
        <button type="submit" class="primary">
          Close
        </button>
      </form>
    </dialog>
  );
}

function Brand(): JSX.Element {
  return (
    <svg width="22" height="22" viewBox="0 0 32 32" aria-hidden="true" class="brand-mark">
      <path d="M16 3c8 0 13 5 13 12 0 8-6 14-14 14C8 29 3 24 3 17 3 9 8 3 16 3z" />
      <path d="M16 9c4.5 0 7.5 2.5 7.5 6.5 0 5-3.5 8-8 8-4 0-6.5-2.5-6.5-6.5C9 12 11.5 9 16 9z" />
      <path d="M16 14.5c1.5 0 2.5.8 2.5 2s-1 2.2-2.5 2.2-2.2-.8-2.2-2 .7-2.2 2.2-2.2z" />
    </svg>
  );
}
