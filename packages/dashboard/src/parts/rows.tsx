/**
 * A long list of which only the rows in view are in the document. Arrow keys, Home, End and the page keys move the focus from row to
 * row; Enter follows the link of the row.
 */
import { useSignal } from "@preact/signals";
import type { JSX, TargetedEvent } from "preact";
import { useLayoutEffect, useRef } from "preact/hooks";
import { useWidth } from "./measured.ts";

const BEYOND = 8;
const TALLEST = 640;

export interface Column<T> {
  readonly title: string;
  /** The class of its cells, which the style sheet gives a width. */
  readonly name: string;
  readonly cell: (item: T) => JSX.Element | string;
}

interface RowsProps<T> {
  readonly label: string;
  /** What is listed, for the widths of its columns. */
  readonly kind: "nodes" | "trial-changes";
  readonly items: readonly T[];
  readonly keyOf: (item: T) => string;
  readonly linkOf: (item: T) => string;
  readonly columns: readonly Column<T>[];
}

export function Rows<T>({ label, kind, items, keyOf, linkOf, columns }: RowsProps<T>): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const top = useSignal(0);
  const cursor = useSignal(0);
  const focusing = useRef(false);
  const width = useWidth(box);
  const height = width < 720 ? 64 : 38;
  const tall = Math.min(TALLEST, Math.max(1, items.length) * height);
  const first = Math.max(0, Math.floor(top.value / height) - BEYOND);
  const end = Math.min(items.length, Math.ceil((top.value + tall) / height) + BEYOND);
  const at = Math.min(cursor.value, Math.max(0, items.length - 1));
  /** Where Tab goes: where the cursor's row is not in the document, to the first one in view, so that there always is one. */
  const stop = at >= first && at < end ? at : Math.min(end - 1, Math.ceil(top.value / height));

  useLayoutEffect(() => {
    if (!focusing.current) return;
    focusing.current = false;
    box.current?.querySelector<HTMLElement>(`a[data-index="${at}"]`)?.focus({ preventScroll: true });
  });

  const onKey = (event: KeyboardEvent) => {
    const page = Math.max(1, Math.floor(tall / height) - 1);
    const steps: Readonly<Record<string, number>> = {
      ArrowUp: -1,
      ArrowDown: 1,
      PageUp: -page,
      PageDown: page,
      Home: -items.length,
      End: items.length,
    };
    const step = Object.hasOwn(steps, event.key) ? steps[event.key] : undefined;
    if (step === undefined || event.altKey || event.ctrlKey || event.metaKey || items.length === 0) return;
    event.preventDefault();
    const next = Math.min(items.length - 1, Math.max(0, at + step));
    const { current } = box;
    if (current !== null) {
      if (next * height < current.scrollTop) current.scrollTop = next * height;
      if ((next + 1) * height > current.scrollTop + tall) current.scrollTop = (next + 1) * height - tall;
      top.value = current.scrollTop;
    }
    focusing.current = true;
    cursor.value = next;
  };

  return (
    <div
      class={`rows ${kind} ${width < 720 ? "narrow" : "wide"}`}
      role="table"
      aria-label={label}
      aria-rowcount={items.length + 1}
    >
      <div class="row head" role="row" aria-rowindex={1}>
        {columns.map(({ title, name }) => (
          <span role="columnheader" class={name}>
            {title}
          </span>
        ))}
      </div>
      <div
        class="scroll"
        ref={box}
        style={{ height: `${tall}px` }}
        role="rowgroup"
        onScroll={(event: TargetedEvent<HTMLDivElement>) => void (top.value = event.currentTarget.scrollTop)}
        onKeyDown={onKey}
      >
        <div class="all" style={{ height: `${items.length * height}px` }}>
          {items.slice(first, end).map((item, index) => (
            <div
              key={keyOf(item)}
              class="row"
              role="row"
              aria-rowindex={first + index + 2}
              style={{ transform: `translateY(${(first + index) * height}px)`, height: `${height}px` }}
            >
              {columns.map(({ name, cell }, column) => (
                <span role="cell" class={name}>
                  {column > 0 ? (
                    cell(item)
                  ) : (
                    <a
                      href={linkOf(item)}
                      data-index={first + index}
                      tabIndex={first + index === stop ? 0 : -1}
                      onFocus={() => void (cursor.value = first + index)}
                    >
                      {cell(item)}
                    </a>
                  )}
                </span>
              ))}
            </div>
          ))}
        </div>
      </div>
    </div>
  );
}
