/** Draws the cells of a grid that are in view. Marks are drawn once for each size and theme, and copied from then on. */
import type { NodeInList, State } from "@isoline/verifier";
import { type CellSize, cellsBetween, type Grid, placeOf } from "../layout/cells.ts";
import { marks, stateOf, states } from "../model/states.ts";
import { colour, colours } from "../place/theme.ts";
import { visibleText } from "../text/visible.ts";

interface Drawing {
  readonly grid: Grid;
  readonly nodes: readonly NodeInList[];
  readonly width: number;
  readonly tall: number;
  readonly top: number;
  readonly cursor: number | undefined;
}

/** Around the grid, so that the frame of a cell at the border is whole. */
export const MARGIN = 4;

interface Sprites {
  readonly key: string;
  readonly of: ReadonlyMap<State, HTMLCanvasElement>;
  readonly text: string;
  readonly faint: string;
  readonly card: string;
  readonly line: string;
  readonly focus: string;
  readonly bad: string;
}

let kept: Sprites | undefined;

export function drawGrid(canvas: HTMLCanvasElement, { grid, nodes, width, tall, top, cursor }: Drawing): void {
  const scale = Math.min(3, devicePixelRatio || 1);
  if (canvas.width !== Math.round(width * scale)) canvas.width = Math.round(width * scale);
  if (canvas.height !== Math.round(tall * scale)) canvas.height = Math.round(tall * scale);
  canvas.style.width = `${width}px`;
  canvas.style.height = `${tall}px`;
  const context = canvas.getContext("2d");
  if (context === null) return;
  const sprites = spritesFor(grid.size, scale);
  context.setTransform(1, 0, 0, 1, 0, 0);
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.setTransform(scale, 0, 0, scale, MARGIN * scale, (MARGIN - top) * scale);
  context.textBaseline = "middle";
  for (const { title, top: y, count } of grid.groups) {
    if (title === undefined || y > top + tall || y < top - 40) continue;
    context.font = "600 13px system-ui, sans-serif";
    context.fillStyle = sprites.text;
    context.fillText(isolated(fitted(context, title, width - 90)), 0, y + 12);
    const after = context.measureText(title).width + 8;
    context.font = "13px system-ui, sans-serif";
    context.fillStyle = sprites.faint;
    context.fillText(String(count), after, y + 12);
  }
  for (const [first, end] of cellsBetween(grid, top - MARGIN, top + tall))
    for (let index = first; index < end; index += 1) {
      const node = nodes[index];
      if (node !== undefined) drawCell(context, grid, sprites, node, placeOf(grid, index));
    }
  if (cursor !== undefined && cursor < grid.count) drawCursor(context, grid.size, sprites, placeOf(grid, cursor));
}

function drawCell(
  context: CanvasRenderingContext2D,
  { size }: Grid,
  sprites: Sprites,
  node: NodeInList,
  at: { x: number; y: number },
) {
  const sprite = sprites.of.get(stateOf(node.state));
  if (sprite === undefined) return;
  const { x, y } = at;
  if (!size.named) {
    context.drawImage(sprite, x, y, size.width, size.height);
    if (isQuietlyBad(node)) corner(context, sprites, x + size.width, y, Math.max(6, size.width * 0.6));
    return;
  }
  context.fillStyle = sprites.card;
  context.strokeStyle = sprites.line;
  context.lineWidth = 1;
  context.beginPath();
  context.roundRect(x + 0.5, y + 0.5, size.width - 1, size.height - 1, 7);
  context.fill();
  context.stroke();
  context.drawImage(sprite, x + 10, y + 10, 16, 16);
  context.font = "13px system-ui, sans-serif";
  context.fillStyle = sprites.text;
  context.fillText(isolated(fitted(context, visibleText(node.name, 80), size.width - 44)), x + 34, y + 19);
  if (isQuietlyBad(node)) corner(context, sprites, x + size.width - 1, y + 1, 11);
}

const isQuietlyBad = (node: NodeInList) => node.state !== "contraindicated" && node.canisters.contraindicated > 0;

/** A corner says that the node is right and a canister on it is not. */
function corner(context: CanvasRenderingContext2D, sprites: Sprites, x: number, y: number, size: number): void {
  context.fillStyle = sprites.bad;
  context.beginPath();
  context.moveTo(x - size, y);
  context.lineTo(x, y);
  context.lineTo(x, y + size);
  context.fill();
}

function drawCursor(
  context: CanvasRenderingContext2D,
  size: CellSize,
  sprites: Sprites,
  { x, y }: { x: number; y: number },
): void {
  context.strokeStyle = sprites.focus;
  context.lineWidth = 2;
  context.beginPath();
  context.roundRect(x - 2, y - 2, size.width + 4, size.height + 4, size.named ? 9 : 4);
  context.stroke();
}

function spritesFor(size: CellSize, scale: number): Sprites {
  const key = `${size.width} ${size.named} ${scale} ${colours.peek()}`;
  if (kept?.key === key) return kept;
  const of = new Map(states.map((state) => [state, spriteOf(state, size.named ? 16 : size.width, scale)]));
  const names = { text: "text", faint: "faint", card: "card", line: "line", focus: "focus", bad: "contraindicated" };
  const values = Object.fromEntries(Object.entries(names).map(([name, from]) => [name, colour(from)]));
  kept = { key, of, ...(values as Record<keyof typeof names, string>) };
  return kept;
}

function spriteOf(state: State, box: number, scale: number): HTMLCanvasElement {
  const sprite = document.createElement("canvas");
  sprite.width = sprite.height = Math.round(box * scale);
  const context = sprite.getContext("2d");
  if (context === null) return sprite;
  context.scale((box * scale) / 16, (box * scale) / 16);
  const { shape, filled, glyph } = marks[state];
  const fill = colour(state);
  context.lineCap = "round";
  context.lineJoin = "round";
  // What is right is calm in a crowd: only a large mark of it is strong and has its tick.
  const isCalm = state === "affirming" && box < 16;
  if (filled) {
    context.fillStyle = fill;
    context.globalAlpha = isCalm ? 0.5 : 1;
    context.fill(new Path2D(shape));
  } else {
    context.strokeStyle = fill;
    context.lineWidth = box < 12 ? 2.6 : 1.8;
    context.stroke(new Path2D(shape));
  }
  if (isCalm) return sprite;
  context.strokeStyle = filled ? colour("on-mark") : fill;
  context.lineWidth = 2;
  context.stroke(new Path2D(glyph));
  return sprite;
}

/** The text between marks that keep its letters in their own order, whatever script they are of. */
const isolated = (text: string) => `\u202d${text}\u202c`;

function fitted(context: CanvasRenderingContext2D, text: string, width: number): string {
  if (context.measureText(text).width <= width) return text;
  let kept = text.length;
  while (kept > 1 && context.measureText(`${text.slice(0, kept)}…`).width > width) kept -= 1;
  return `${text.slice(0, kept)}…`;
}
