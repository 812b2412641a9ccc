/**
 * The script of a page. It makes rows only when they are looked at, so a contour of a hundred thousand points opens at once: a program
 * when it is unfolded, further acts when they are asked for, and of what a search finds the first two hundred.
 */
export const script = `"use strict";
const map = JSON.parse(document.getElementById("data").textContent);
const FEW = 40, MORE = 400, FOUND = 200, CROWDED = 6;
const tree = document.getElementById("tree"), search = document.getElementById("search"), count = document.getElementById("count");
const wanted = new Set();

function make(name, kind, text) {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  if (text !== undefined) element.textContent = text;
  return element;
}
const grouped = (number) => String(number).replace(/\\B(?=(\\d{3})+$)/g, "\\u202f");
const counted = (number, unit) => grouped(number) + " " + unit + (number === 1 ? "" : "s");
const signed = (sign) => sign === "+" ? "plus" : sign === "-" ? "minus" : "";

function rowOf([says, , sign]) {
  const row = make("li", signed(sign));
  row.append(make("span", "says", says));
  return row;
}

/** The first rows, and a button for more. */
function rowsInto(list, acts, rowFor, step) {
  let shown = 0;
  const button = make("button");
  button.type = "button";
  const show = (most) => {
    const part = document.createDocumentFragment();
    for (const act of acts.slice(shown, shown + most)) part.append(rowFor(act));
    list.append(part);
    shown = Math.min(acts.length, shown + most);
    const rest = acts.length - shown;
    button.hidden = rest <= 0;
    button.textContent = "and " + grouped(rest) + " more: show " + grouped(Math.min(rest, MORE));
  };
  show(step);
  button.addEventListener("click", () => show(MORE));
  return button;
}

/** Acts in one directory stand together where there are many. */
function placesOf(acts) {
  const places = new Map();
  for (const act of acts) {
    const known = places.get(act[1]);
    if (known) known.push(act); else places.set(act[1], [act]);
  }
  const single = [], crowds = [];
  for (const [place, own] of places) {
    if (own.length > CROWDED && map.places[place] !== "") crowds.push([map.places[place], own]); else single.push(...own);
  }
  return { single, crowds };
}

function groupOf([kind, acts]) {
  const name = map.consequences[kind];
  const group = make("div", "group " + name);
  group.append(make("h3", "", name + "  " + grouped(acts.length)));
  const { single, crowds } = placesOf(acts);
  const list = make("ul");
  group.append(list, rowsInto(list, single, rowOf, FEW));
  const crowded = make("ul");
  group.append(crowded, rowsInto(crowded, crowds, ([place, own]) => {
    const row = make("li"), fold = make("details"), heading = make("summary");
    heading.append(make("span", "place", place + "/"), "  " + counted(own.length, "act"));
    fold.append(heading);
    fold.addEventListener("toggle", () => {
      if (fold.childElementCount > 1) return;
      const below = make("ul");
      fold.append(below, rowsInto(below, own, rowOf, FEW));
    });
    row.append(fold);
    return row;
  }, FEW));
  return group;
}

const groupsOf = (program) => program.acts.filter(([kind]) => wanted.size === 0 || wanted.has(kind));

function programOf(program, groups) {
  const fold = make("details", "program");
  fold.style.setProperty("--depth", program.depth);
  const heading = make("summary");
  heading.append(make("span", "name", program.name), make("span", "path", program.path));
  for (const [kind, acts] of groups) {
    const name = map.consequences[kind];
    heading.append(make("span", "badge " + name, name + " " + grouped(acts.length)));
  }
  fold.append(heading);
  fold.addEventListener("toggle", () => { if (fold.childElementCount === 1) fold.append(...groups.map(groupOf)); });
  return fold;
}

function showTree() {
  const shown = map.programs.map((program) => [program, groupsOf(program)]).filter(([, groups]) => wanted.size === 0 || groups.length > 0);
  count.textContent = counted(shown.length, "program");
  const list = make("div");
  const button = rowsInto(list, shown, ([program, groups]) => programOf(program, groups), MORE);
  tree.replaceChildren(list, button);
}

function showFound(text) {
  const found = [];
  let total = 0;
  for (const program of map.programs) {
    const own = (program.name + " " + program.path).toLowerCase().includes(text);
    for (const [kind, acts] of groupsOf(program)) for (const act of acts) {
      if (!own && !act[0].toLowerCase().includes(text)) continue;
      total += 1;
      if (found.length < FOUND) found.push([program, kind, act]);
    }
  }
  found.sort((one, other) => one[1] - other[1]);
  count.textContent = counted(total, "act") + (total > FOUND ? "; the first " + FOUND + " are shown: search for more letters" : "");
  const list = make("ul", "rows");
  for (const [program, kind, act] of found) {
    const name = map.consequences[kind];
    const row = make("li", "row " + name + " " + signed(act[2]));
    row.append(make("span", "kind", name), make("span", "says", act[0]), make("span", "by", program.name));
    list.append(row);
  }
  tree.replaceChildren(list);
}

function show() {
  const text = search.value.trim().toLowerCase();
  if (text === "") showTree(); else showFound(text);
}

map.consequences.forEach((name, kind) => {
  if (!map.programs.some(({ acts }) => acts.some(([own]) => own === kind))) return;
  const button = make("button", name, name);
  button.type = "button";
  button.setAttribute("aria-pressed", "false");
  button.addEventListener("click", () => {
    if (!wanted.delete(kind)) wanted.add(kind);
    button.setAttribute("aria-pressed", String(wanted.has(kind)));
    show();
  });
  document.getElementById("kinds").append(button);
});
search.addEventListener("input", show);
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && document.activeElement !== search) { event.preventDefault(); search.focus(); }
  if (event.key === "Escape" && document.activeElement === search) { search.value = ""; show(); }
});
try { search.value = decodeURIComponent(location.hash.slice(1)); } catch { search.value = ""; }
show();
`;
