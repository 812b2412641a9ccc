/** Where each node of the fleet is drawn: groups below each other, cells in rows. Pure geometry, for drawing and for hit tests. */

/** A cell that is `named` has room for the name of its node. */
export interface CellSize {
  readonly width: number;
  readonly height: number;
  readonly gap: number;
  readonly named: boolean;
}

/** The height that the grid should not exceed, so that all of it is seen at once. */
const AT_A_GLANCE = 600;
/** From the upper left corner of a cell to the next one's: what can still be told apart, and what is large enough. */
const CLOSEST = 10;
const WIDEST = 26;

/** Few nodes have their names; of more, the cells are as large as the view lets all of them be. */
function cellSize(nodes: number, width: number): CellSize {
  const columns = Math.max(1, Math.floor((width + 8) / 168));
  if (nodes <= 160) return { width: Math.floor((width + 8) / columns) - 8, height: 36, gap: 8, named: true };
  const step = Math.min(WIDEST, Math.max(CLOSEST, Math.floor(Math.sqrt((width * AT_A_GLANCE) / nodes))));
  const gap = step >= 16 ? 4 : step >= 12 ? 3 : 2;
  return { width: step - gap, height: step - gap, gap, named: false };
}

export interface Group {
  readonly title: string | undefined;
  /** Of the first cell, in the order of all cells. */
  readonly first: number;
  readonly count: number;
  readonly top: number;
  /** Where the cells begin, below the title. */
  readonly cellsTop: number;
}

export interface Grid {
  readonly size: CellSize;
  readonly columns: number;
  readonly groups: readonly Group[];
  readonly count: number;
  readonly height: number;
}

const TITLE = 26;
const BETWEEN = 12;

export function gridOf(groups: readonly { readonly title?: string; readonly count: number }[], width: number): Grid {
  const count = groups.reduce((sum, group) => sum + group.count, 0);
  const size = cellSize(count, width);
  const columns = Math.max(1, Math.floor((width + size.gap) / (size.width + size.gap)));
  let top = 0;
  let first = 0;
  const placed = groups.map((group) => {
    const cellsTop = top + (group.title === undefined ? 0 : TITLE);
    const one = { title: group.title, first, count: group.count, top, cellsTop };
    first += group.count;
    top = cellsTop + Math.ceil(group.count / columns) * (size.height + size.gap) - size.gap + BETWEEN;
    return one;
  });
  return { size, columns, groups: placed, count, height: Math.max(0, top - BETWEEN) };
}

/** The upper left corner of a cell. */
export function placeOf(grid: Grid, index: number): { readonly x: number; readonly y: number } {
  const group = groupOf(grid, index);
  const { width, height, gap } = grid.size;
  const inGroup = index - group.first;
  return {
    x: (inGroup % grid.columns) * (width + gap),
    y: group.cellsTop + Math.floor(inGroup / grid.columns) * (height + gap),
  };
}

/** The cell at a point; undefined beside every cell. */
export function cellAt(grid: Grid, x: number, y: number): number | undefined {
  const group = grid.groups.findLast(({ cellsTop }) => cellsTop <= y);
  if (group === undefined || x < 0) return undefined;
  const { width, height, gap } = grid.size;
  const column = Math.floor(x / (width + gap));
  const row = Math.floor((y - group.cellsTop) / (height + gap));
  const inGroup = row * grid.columns + column;
  if (column >= grid.columns || inGroup >= group.count) return undefined;
  return group.first + inGroup;
}

/** The first and the last cell, exclusive, between two heights. */
export function cellsBetween(grid: Grid, from: number, to: number): readonly (readonly [first: number, end: number])[] {
  const step = grid.size.height + grid.size.gap;
  return grid.groups.flatMap(({ first, count, cellsTop }) => {
    const start = Math.max(0, Math.floor((from - cellsTop) / step)) * grid.columns;
    const end = Math.min(count, Math.ceil((to - cellsTop) / step) * grid.columns);
    return start < end ? [[first + start, first + end] as const] : [];
  });
}

export type Step = "left" | "right" | "up" | "down" | "first" | "last" | "page-up" | "page-down";

/** The cell that a key leads to. Up and down keep the column, over the borders of groups too. */
export function stepFrom(grid: Grid, index: number, step: Step, rowsOfPage: number): number {
  const last = grid.count - 1;
  const within = (next: number) => Math.min(last, Math.max(0, next));
  switch (step) {
    case "left":
      return within(index - 1);
    case "right":
      return within(index + 1);
    case "first":
      return 0;
    case "last":
      return within(last);
    case "up":
      return vertical(grid, index, -1);
    case "down":
      return vertical(grid, index, 1);
    case "page-up":
    case "page-down": {
      let at = index;
      for (let row = 0; row < rowsOfPage; row += 1) at = vertical(grid, at, step === "page-up" ? -1 : 1);
      return at;
    }
  }
}

function vertical(grid: Grid, index: number, direction: 1 | -1): number {
  const group = groupOf(grid, index);
  const inGroup = index - group.first;
  const column = inGroup % grid.columns;
  const next = inGroup + direction * grid.columns;
  if (next >= 0 && next < group.count) return group.first + next;
  const lastRow = Math.floor((group.count - 1) / grid.columns);
  if (direction === 1 && Math.floor(inGroup / grid.columns) < lastRow) return group.first + group.count - 1;
  const place = grid.groups.indexOf(group) + direction;
  const beside = grid.groups[place];
  if (beside === undefined || beside.count === 0) return index;
  const row = direction === 1 ? 0 : Math.floor((beside.count - 1) / grid.columns);
  return beside.first + Math.min(beside.count - 1, row * grid.columns + column);
}

function groupOf(grid: Grid, index: number): Group {
  const group = grid.groups.findLast(({ first, count }) => first <= index && count > 0);
  return group ?? { title: undefined, first: 0, count: 0, top: 0, cellsTop: 0 };
}
