/** Text from outside. It becomes text nodes, so markup in it stays text; what cannot be seen is shown as an escape. */
import type { JSX } from "preact";
import { exact, ago } from "../text/amounts.ts";
import { visiblePieces, visibleText } from "../text/visible.ts";
import { now } from "./clock.ts";

interface SaidProps {
  readonly text: string | undefined;
  readonly most?: number;
  /** A name or a path, in letters of one width. */
  readonly code?: boolean;
}

/** Each piece stands for itself: no character of it can move or reverse what is beside it. */
export function Said({ text, most, code = false }: SaidProps): JSX.Element {
  if (text === undefined || text === "") return <span class="nothing">–</span>;
  return (
    <span class={code ? "said code" : "said"} dir="ltr">
      {visiblePieces(text, most).map((piece) =>
        piece.escaped ? (
          <span class="escaped" title="a character that cannot be seen, or a cut">
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </span>
  );
}

/** `3 min ago`, with the exact time behind it. What is no time is shown as it was said. */
export function Ago({ at }: { readonly at: string | undefined }): JSX.Element {
  if (at === undefined) return <span class="nothing">–</span>;
  const said = ago(at, now.value);
  if (said === undefined) return <Said text={at} most={40} />;
  return (
    <time dateTime={exact(at)} title={exact(at)}>
      {said}
    </time>
  );
}

/** Names and values, one pair a row. */
export function Facts({ of }: { readonly of: readonly (readonly [name: string, value: JSX.Element | string])[] }) {
  return (
    <dl class="facts">
      {of.map(([name, value]) => (
        <div>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

/** A digest: enough of it to compare by eye; all of it for the pointer and for copying. */
export function Hex({ digest }: { readonly digest: string | undefined }): JSX.Element {
  if (digest === undefined) return <span class="nothing">–</span>;
  return (
    <span class="said code hex" title={visibleText(digest, 200)}>
      {visibleText(digest, 200)}
    </span>
  );
}
