/** The page of a fleet, served by its verifier. */
import { type JSX, render } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { changed, watchFleet } from "./fleet/fleet.ts";
import { wordOf } from "./model/states.ts";
import { CanisterPage } from "./pages/canister-page.tsx";
import { CanistersPage } from "./pages/canisters-page.tsx";
import { ChangesPage } from "./pages/changes-page.tsx";
import { FleetPage } from "./pages/fleet-page.tsx";
import { Frame } from "./pages/frame.tsx";
import { NodePage } from "./pages/node-page.tsx";
import { PolicyPage } from "./pages/policy-page.tsx";
import { SignInPage } from "./pages/sign-in-page.tsx";
import { announce, Guard, Hint } from "./parts/notices.tsx";
import { followAddress, openAt, place, type Route } from "./place/route.ts";
import { followTheme } from "./place/theme.ts";
import "./style/page.css";
import { visibleText } from "./text/visible.ts";
import { finishLogin } from "./wire/login.ts";
import { signedIn } from "./wire/session.ts";

/** Between two lines for screen readers, so that a storm of changes is one sentence. */
const BETWEEN = 3_000;

function Page(): JSX.Element {
  return signedIn.value ? <SignedIn /> : <SignInPage />;
}

function SignedIn(): JSX.Element {
  useEffect(watchFleet, []);
  useEffect(speakChanges, []);
  const { route } = place.value;
  const title = titleOf(route);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${title} – isoline fleet`;
    if (!isFirst.current) {
      document.querySelector<HTMLElement>("h1")?.focus({ preventScroll: true });
      scrollTo(0, 0);
    }
    isFirst.current = false;
  }, [title]);
  return (
    <Frame>
      <Guard key={title}>{viewOf(route)}</Guard>
    </Frame>
  );
}

function viewOf(route: Route): JSX.Element {
  switch (route.view) {
    case "fleet":
      return <FleetPage />;
    case "canisters":
      return <CanistersPage />;
    case "changes":
      return <ChangesPage />;
    case "policy":
      return <PolicyPage />;
    case "node":
      return <NodePage name={route.node} />;
    case "canister":
      return <CanisterPage node={route.node} label={route.label} />;
    case "lost":
      return (
        <>
          <h1 tabIndex={-1}>Nothing here</h1>
          <Hint>This address leads to no view. The views are listed above.</Hint>
        </>
      );
  }
}

function titleOf(route: Route): string {
  switch (route.view) {
    case "node":
      return visibleText(route.node, 80);
    case "canister":
      return visibleText(`${route.label} on ${route.node}`, 120);
    case "fleet":
    case "canisters":
    case "changes":
    case "policy":
      return `${route.view.charAt(0).toUpperCase()}${route.view.slice(1)}`;
    case "lost":
      return "Nothing here";
  }
}

/** Tells screen readers what changed: one change in words, several as their number. */
function speakChanges(): () => void {
  let waiting: (typeof changed.value)[number][] = [];
  let timer: ReturnType<typeof setTimeout> | undefined;
  const speak = () => {
    timer = undefined;
    const [change] = waiting;
    if (change !== undefined && waiting.length === 1) {
      const what = change.label === undefined ? change.node : `${change.label} on ${change.node}`;
      announce(visibleText(`${what} is ${wordOf(change.to)}${change.why === undefined ? "" : `: ${change.why}`}`, 300));
    } else announce(`${waiting.length} verdicts changed`);
    waiting = [];
  };
  // What is there as it begins was said before.
  let isFirst = true;
  const stop = changed.subscribe((changes) => {
    const isNew = !isFirst && changes.length > 0;
    isFirst = false;
    if (!isNew) return;
    waiting.push(...changes);
    timer ??= setTimeout(speak, BETWEEN);
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

followTheme();
followAddress();
void finishLogin(new AbortController().signal).then((view) => view !== undefined && openAt(view));
const root = document.getElementById("page");
if (root !== null) render(<Page />, root);
