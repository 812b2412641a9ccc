/**
 * The fleet at a glance: one mark for each node on a canvas, of which only what is in view is drawn. For keyboards and screen readers
 * it is a list box whose active option, the node under the cursor, is in the document.
 */
import type { NodeInList } from "@isoline/verifier";
import { useSignal } from "@preact/signals";
import type { JSX, TargetedMouseEvent } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { cellAt, gridOf, placeOf, type Step, stepFrom } from "../layout/cells.ts";
import { stateOf } from "../model/states.ts";
import { go, toNode } from "../place/route.ts";
import { colours } from "../place/theme.ts";
import { counted } from "../text/amounts.ts";
import { visibleText } from "../text/visible.ts";
import { drawGrid, MARGIN } from "./draw-grid.ts";
import { useWidth } from "./measured.ts";

const TALLEST = 620;

const keys: Readonly<Record<string, Step>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
  PageUp: "page-up",
  PageDown: "page-down",
};

interface FleetCanvasProps {
  readonly groups: readonly { readonly title?: string; readonly nodes: readonly NodeInList[] }[];
  readonly label: string;
  /** Called with the node under the cursor or the pointer. */
  readonly onLook: (node: NodeInList | undefined) => void;
}

export function FleetCanvas({ groups, label, onLook }: FleetCanvasProps): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const top = useSignal(0);
  const cursor = useSignal(0);
  const focused = useSignal(false);
  const width = useWidth(box);
  const nodes = useMemo(() => groups.flatMap((group) => group.nodes), [groups]);
  const grid = useMemo(
    () =>
      gridOf(
        groups.map(({ title, nodes: { length } }) => ({ count: length, ...(title === undefined ? {} : { title }) })),
        Math.max(0, width - 2 * MARGIN),
      ),
    [groups, width],
  );
  const tall = Math.min(TALLEST, grid.height + 2 * MARGIN);
  const at = Math.min(cursor.value, Math.max(0, nodes.length - 1));
  const node = nodes[at];

  useLayoutEffect(() => {
    const { current } = canvas;
    if (current === null || width === 0) return undefined;
    // One drawing a frame, however often something changed.
    const frame = requestAnimationFrame(() =>
      drawGrid(current, { grid, nodes, width, tall, top: top.value, cursor: focused.value ? at : undefined }),
    );
    return () => cancelAnimationFrame(frame);
  }, [grid, nodes, width, tall, top.value, at, focused.value, colours.value]);

  useEffect(() => {
    if (focused.value) onLook(node);
  }, [node, focused.value]);

  const onKey = (event: KeyboardEvent) => {
    if (event.altKey || event.ctrlKey || event.metaKey || node === undefined) return;
    if (event.key === "Enter") return go(toNode(node.name));
    const step = Object.hasOwn(keys, event.key) ? keys[event.key] : undefined;
    if (step === undefined) return;
    event.preventDefault();
    const next = stepFrom(grid, at, step, Math.max(1, Math.floor(tall / (grid.size.height + grid.size.gap)) - 1));
    cursor.value = next;
    const { current } = box;
    if (current === null) return;
    const { y } = placeOf(grid, next);
    if (y < current.scrollTop) current.scrollTop = Math.max(0, y - 30);
    if (y + grid.size.height > current.scrollTop + tall) current.scrollTop = y + grid.size.height - tall + 2 * MARGIN;
  };
  const under = (event: TargetedMouseEvent<HTMLCanvasElement>) => {
    const { left, top: above } = event.currentTarget.getBoundingClientRect();
    return cellAt(grid, event.clientX - left - MARGIN, event.clientY - above - MARGIN + top.value);
  };

  return (
    <div
      class="fleet-canvas"
      ref={box}
      style={{ height: `${tall}px` }}
      role="listbox"
      tabIndex={0}
      aria-label={label}
      aria-activedescendant={node === undefined ? undefined : `cell-${at}`}
      onScroll={({ currentTarget }) => void (top.value = currentTarget.scrollTop)}
      onKeyDown={onKey}
      onFocus={() => void (focused.value = true)}
      onBlur={() => void (focused.value = false)}
    >
      <div class="all" style={{ height: `${grid.height + 2 * MARGIN}px` }}>
        <canvas
          ref={canvas}
          aria-hidden="true"
          onMouseMove={(event) => {
            const cell = under(event);
            event.currentTarget.classList.toggle("over", cell !== undefined);
            if (cell !== undefined) onLook(nodes[cell]);
          }}
          onClick={(event) => {
            const cell = under(event);
            const clicked = cell === undefined ? undefined : nodes[cell];
            if (cell !== undefined) cursor.value = cell;
            if (clicked !== undefined) go(toNode(clicked.name));
          }}
        />
      </div>
      {node !== undefined && (
        // Another element for another node: a screen reader hears of the active one only where it is not the one before.
        <div
          key={at}
          id={`cell-${at}`}
          class="unseen"
          role="option"
          aria-selected="true"
          aria-posinset={at + 1}
          aria-setsize={nodes.length}
        >
          {visibleText(node.name, 80)}, {stateOf(node.state)}
          {node.failure !== undefined && `, ${node.failure}`}
          {node.canisters.contraindicated > 0 &&
            `, ${counted(node.canisters.contraindicated, "canister")} contraindicated`}
          {node.why !== undefined && `: ${visibleText(node.why, 200)}`}
        </div>
      )}
    </div>
  );
}
