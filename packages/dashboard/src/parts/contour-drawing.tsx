/** The map of a contour: programs on the left, what they touch on the right. The same is beside it as text. */
import type { ContourMap } from "@isoline/verifier";
import { useSignal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo, useRef } from "preact/hooks";
import { type Line, mapOf, type Row } from "../layout/contour-map.ts";
import { families, familyWords } from "../model/families.ts";
import { count, counted } from "../text/amounts.ts";
import { visibleText } from "../text/visible.ts";
import { useWidth } from "./measured.ts";
import { Said } from "./said.tsx";

const STEP = 27;
const LETTER = 7.1;
const HEAD = 34;

type Side = "program" | "target";

export function ContourDrawing({
  contour,
  departing,
}: {
  readonly contour: ContourMap;
  readonly departing: ReadonlyMap<string, number>;
}) {
  const box = useRef<HTMLDivElement>(null);
  const width = Math.max(300, useWidth(box));
  const map = useMemo(() => mapOf(contour), [contour]);
  const chosen = useSignal<{ readonly side: Side; readonly row: number } | undefined>(undefined);
  const { programs, targets, lines } = map;
  const height = HEAD + Math.max(programs.length, targets.length) * STEP + 8;
  const left = Math.round(Math.min(300, width * 0.33));
  const right = width - Math.round(Math.min(430, width * 0.42));
  const offset = (rows: readonly Row[]) =>
    HEAD + ((Math.max(programs.length, targets.length) - rows.length) * STEP) / 2;
  const middle = (side: Side, row: number) => offset(side === "program" ? programs : targets) + row * STEP + STEP / 2;
  const isOf = (line: Line) => chosen.value === undefined || line[chosen.value.side] === chosen.value.row;
  const most = Math.max(1, ...lines.map(({ acts }) => acts));

  const rowOf = (side: Side, row: Row, index: number): JSX.Element => {
    const isChosen = chosen.value?.side === side && chosen.value.row === index;
    const isDim = !isChosen && !lines.some((line) => line[side] === index && isOf(line));
    const room = (side === "program" ? left : width - right) - 58;
    const departures = side === "program" ? departing.get(row.title) : undefined;
    const says = `${row.title}, ${counted(row.acts, "act")}${departures === undefined ? "" : `, ${counted(departures, "departure")}`}`;
    const x = side === "program" ? 0 : right;
    return (
      <g
        class={`place ${side}${isChosen ? " chosen" : ""}${isDim ? " dim" : ""}`}
        transform={`translate(${x} ${middle(side, index) - STEP / 2})`}
        role="button"
        tabindex={0}
        aria-pressed={isChosen}
        aria-label={visibleText(says, 300)}
        onClick={() => void (chosen.value = isChosen ? undefined : { side, row: index })}
        onKeyDown={(event) => {
          if (event.key === "Escape" && chosen.value !== undefined) {
            event.stopPropagation();
            chosen.value = undefined;
          }
          if (event.key === "ArrowDown" || event.key === "ArrowUp") {
            event.preventDefault();
            const beside =
              event.key === "ArrowDown"
                ? event.currentTarget.nextElementSibling
                : event.currentTarget.previousElementSibling;
            if (beside instanceof SVGElement && beside.classList.contains(side)) beside.focus();
          }
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          chosen.value = isChosen ? undefined : { side, row: index };
        }}
      >
        <title>{visibleText(says, 600)}</title>
        <rect x={1} y={2} width={(side === "program" ? left : width - right) - 2} height={STEP - 4} rx={6} />
        <text x={10} y={STEP / 2} class={row.gathered > 1 ? "gathered" : ""}>
          {tailOf(visibleText(row.title, 400), Math.max(6, Math.floor(room / LETTER)))}
        </text>
        <text class="amount" x={(side === "program" ? left : width - right) - 10} y={STEP / 2}>
          {departures === undefined ? count(row.acts) : `▲${count(departures)}`}
        </text>
      </g>
    );
  };

  return (
    <div class="contour-map">
      <Legend />
      <div ref={box}>
        <svg width={width} height={height} role="group" aria-label={`Map of ${visibleText(contour.name, 80)}`}>
          <text class="heading" x={2} y={16}>
            {counted(contour.programs.length, "program")}
          </text>
          <text class="heading" x={right} y={16}>
            what they touch
          </text>
          <g class="lines" aria-hidden="true">
            {lines.map((line) => {
              const bend = (right - left) / 2;
              const shift = (families.indexOf(line.family) - 2.5) * 1.6;
              const y1 = middle("program", line.program) + shift;
              const y2 = middle("target", line.target) + shift;
              return (
                <path
                  class={`line ${line.family}${isOf(line) ? "" : " dim"}`}
                  d={`M${left} ${y1}C${left + bend} ${y1} ${right - bend} ${y2} ${right} ${y2}`}
                  stroke-width={1.1 + 2.4 * (Math.log(1 + line.acts) / Math.log(1 + most))}
                  stroke-dasharray={familyWords[line.family].dash}
                />
              );
            })}
          </g>
          <g>{programs.map((row, index) => rowOf("program", row, index))}</g>
          <g>{targets.map((row, index) => rowOf("target", row, index))}</g>
        </svg>
      </div>
      <p class="chosen-says" role="status">
        {chosen.value === undefined ? (
          "Choose a program, or what is touched, to see its lines alone."
        ) : (
          <Choice
            row={(chosen.value.side === "program" ? programs : targets)[chosen.value.row]}
            lines={lines.filter(isOf)}
          />
        )}
      </p>
    </div>
  );
}

function Choice({ row, lines }: { readonly row: Row | undefined; readonly lines: readonly Line[] }): JSX.Element {
  const sums = families
    .map((family) => ({ family, acts: lines.reduce((sum, line) => sum + (line.family === family ? line.acts : 0), 0) }))
    .filter(({ acts }) => acts > 0);
  return (
    <>
      <Said text={row?.title} most={400} code />:{" "}
      {sums.map(({ family, acts }) => `${familyWords[family].says} ${count(acts)}`).join(" · ")}
    </>
  );
}

function Legend(): JSX.Element {
  return (
    <ul class="legend" aria-label="Lines">
      {families.map((family) => (
        <li>
          <svg width="30" height="10" aria-hidden="true">
            <path class={`line ${family}`} d="M1 5h28" stroke-width="2.5" stroke-dasharray={familyWords[family].dash} />
          </svg>
          {familyWords[family].says}
        </li>
      ))}
    </ul>
  );
}

/** The end of a path says most. */
function tailOf(text: string, letters: number): string {
  return text.length <= letters ? text : `…${text.slice(text.length - letters + 1)}`;
}
