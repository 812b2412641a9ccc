/** The filter line. `/` comes here from anywhere on the page; Escape empties it, and then leaves it. */
import type { JSX } from "preact";
import { place, set } from "../place/route.ts";

export const FILTER = "filter";

export function FilterLine({
  shown,
  all,
  what,
}: {
  readonly shown: number;
  readonly all: number;
  readonly what: string;
}): JSX.Element {
  const line = place.value.settings.get("filter") ?? "";
  return (
    <div class="filter">
      <label for={FILTER}>Filter</label>
      <input
        id={FILTER}
        type="search"
        value={line}
        placeholder="name, state=stale, region=eu*, !tenant=lab"
        autocomplete="off"
        spellcheck={false}
        aria-describedby="filter-count"
        aria-keyshortcuts="/"
        onInput={({ currentTarget }) => set("filter", currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== "Escape") return;
          event.stopPropagation();
          event.preventDefault();
          if (line === "") event.currentTarget.blur();
          else set("filter", "");
        }}
      />
      <kbd aria-hidden="true">/</kbd>
      <output id="filter-count" for={FILTER}>
        {shown === all ? "" : `${shown} of `}
        {all} {all === 1 ? what : `${what}s`}
      </output>
    </div>
  );
}
