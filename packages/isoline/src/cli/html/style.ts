/** The style of a page: calm, light or dark as the reader has it, readable on a phone and on a wide screen. */
export const style = `
:root {
  --ground: #fbfaf8; --panel: #ffffff; --ink: #22262b; --soft: #6a7078; --line: #e4e1db; --focus: #2f6fb3;
  --credentials: #b3261e; --persistence: #a8480a; --privilege: #8a3d8f; --execution: #7a5d00; --network: #1f63a8;
  --change: #2d6b4f; --read: #6a7078; --start-up: #9a9fa6; --added: #1d7a46; --removed: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #15181b; --panel: #1c2024; --ink: #e4e6e8; --soft: #9aa1a9; --line: #2e343a; --focus: #7db4ec;
    --credentials: #ff8a80; --persistence: #ffab6b; --privilege: #e0a3e4; --execution: #e2c25a; --network: #82b8f0;
    --change: #84cfa8; --read: #9aa1a9; --start-up: #737a82; --added: #7fd6a2; --removed: #ff8a80;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 72rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2.5rem; }
h1 { font-size: 1.6rem; font-weight: 600; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1rem; font-weight: 600; margin: 2.25rem 0 .75rem; }
.facts, .quiet { color: var(--soft); margin: .25rem 0 0; }
footer { padding-top: 2.5rem; padding-bottom: 2.5rem; font-size: .85rem; color: var(--soft); }
.rows { list-style: none; margin: 0; padding: 0; background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; }
.row { display: grid; grid-template-columns: 7.5rem minmax(0, 1fr) auto; gap: 0 1rem; padding: .4rem 1rem; border-top: 1px solid var(--line); }
.row:first-child { border-top: 0; }
.kind { color: var(--kind); font-size: .85rem; line-height: 1.75; }
.says, .place { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85rem; line-height: 1.75; overflow-wrap: anywhere; }
.by, .path { color: var(--soft); font-size: .85rem; line-height: 1.75; text-align: right; overflow-wrap: anywhere; max-width: 22rem; }
.credentials { --kind: var(--credentials); } .persistence { --kind: var(--persistence); } .privilege { --kind: var(--privilege); }
.execution { --kind: var(--execution); } .network { --kind: var(--network); } .change { --kind: var(--change); }
.read { --kind: var(--read); } .start-up { --kind: var(--start-up); }
.tools { display: flex; flex-wrap: wrap; gap: .6rem; align-items: center; }
input { flex: 1 1 18rem; font: inherit; color: inherit; background: var(--panel); border: 1px solid var(--line); border-radius: .5rem; padding: .45rem .75rem; min-width: 0; }
.kinds { display: flex; flex-wrap: wrap; gap: .35rem; }
button { font: inherit; font-size: .85rem; color: var(--kind, var(--focus)); background: none; border: 1px solid var(--line); border-radius: 1rem; padding: .15rem .7rem; cursor: pointer; }
button[aria-pressed="true"] { background: var(--kind); border-color: var(--kind); color: var(--ground); }
:focus-visible { outline: 2px solid var(--focus); outline-offset: 2px; }
#tree { margin-top: .75rem; }
details.program { background: var(--panel); border: 1px solid var(--line); border-radius: .6rem; margin: .35rem 0 .35rem calc(min(var(--depth, 0), 8) * 1.1rem); }
summary { cursor: pointer; padding: .45rem 1rem; }
.program > summary { display: flex; flex-wrap: wrap; gap: .15rem .9rem; align-items: baseline; }
.name { font-weight: 600; overflow-wrap: anywhere; }
.path { flex: 1 1 8rem; text-align: left; max-width: none; }
.program > summary::before { content: "\\203a"; color: var(--soft); width: .6rem; }
.program[open] > summary::before { transform: rotate(90deg); }
summary::-webkit-details-marker { display: none; }
.badge { color: var(--kind); font-size: .85rem; white-space: nowrap; }
.badge::before { content: ""; display: inline-block; width: .5rem; height: .5rem; border-radius: 50%; background: var(--kind); margin-right: .35rem; }
.group { padding: .1rem 1rem .7rem; border-top: 1px solid var(--line); }
.group h3 { color: var(--kind); font-size: .85rem; font-weight: 600; margin: .6rem 0 .1rem; }
.group ul { list-style: none; margin: 0; padding: 0; }
.group summary { padding: 0; color: var(--soft); }
.group details ul { padding-left: 1.1rem; }
.plus .says::before { content: "+ "; color: var(--added); } .minus .says::before { content: "\\2212 "; color: var(--removed); }
.sign { color: var(--soft); }
@media (max-width: 40rem) {
  .row { grid-template-columns: minmax(0, 1fr); gap: 0; padding: .5rem .9rem; } .by { text-align: left; }
  details.program { margin-left: calc(min(var(--depth, 0), 6) * .45rem); } header { padding-top: 1.5rem; }
}
@media print { .tools, button { display: none; } }
@media (prefers-reduced-motion: no-preference) { details.program { transition: border-color .2s; } }
`;
