/** The page's one style sheet: light or dark as the visitor's system is, and nothing from elsewhere. */
export const style = `:root {
  color-scheme: light dark;
  --paper: #f6f1e7;
  --card: #fffdf8;
  --ink: #2a2521;
  --soft: #6b6157;
  --line: #e2d8c6;
  --wax: #a3282e;
  --on-wax: #fff;
  --own: #fbeceb;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #191614;
    --card: #23201d;
    --ink: #efe8dd;
    --soft: #b3a89a;
    --line: #3b352f;
    --wax: #f0858a;
    --on-wax: #2a0d0e;
    --own: #3a2324;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto;
  max-width: 60rem;
  padding: clamp(1rem, 4vw, 3rem);
  background: var(--paper);
  color: var(--ink);
  font: 1rem/1.6 ui-sans-serif, system-ui, sans-serif;
}
h1, h2, .visits strong { font-family: ui-serif, Georgia, serif; line-height: 1.2; }
h1 { margin: 0; font-size: clamp(1.5rem, 5vw, 2.25rem); }
h2 { margin: 0 0 1rem; font-size: 1.35rem; overflow-wrap: anywhere; }
h3 { margin: 1.5rem 0 .5rem; font-size: 1rem; }
header { display: flex; align-items: center; gap: 1rem; margin-bottom: 2rem; }
header p { margin: 0; color: var(--soft); }
main { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 20rem), 1fr)); gap: 1.25rem; }
section {
  min-width: 0;
  padding: 1.5rem;
  background: var(--card);
  border: 1px solid var(--line);
  border-radius: 1rem;
}
.visitor { border-top: .3rem solid var(--wax); }
.disk { grid-column: 1 / -1; }
.visits { margin: 0; color: var(--soft); }
.visits strong { color: var(--wax); font-size: 4rem; font-variant-numeric: tabular-nums; }
form { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem; }
label { flex-basis: 100%; font-weight: 600; }
input, button { font: inherit; padding: .5rem .9rem; border-radius: .6rem; border: 1px solid var(--soft); }
input { flex: 1 1 10rem; min-width: 0; background: var(--paper); color: var(--ink); }
button { background: var(--wax); border-color: var(--wax); color: var(--on-wax); font-weight: 600; cursor: pointer; }
button:hover { filter: brightness(1.08); }
:focus-visible { outline: 3px solid var(--wax); outline-offset: 2px; }
a { color: var(--wax); margin-right: 1rem; }
dl { margin: 0 0 1rem; }
dl div { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0 1rem; padding: .5rem 0; border-bottom: 1px solid var(--line); }
dt { color: var(--soft); }
dd { margin: 0; font-weight: 600; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, monospace; font-size: .875rem; }
.scroll { overflow: auto; max-height: 24rem; }
table { width: 100%; border-collapse: collapse; }
th { text-align: left; color: var(--soft); font-weight: 600; }
th, td { padding: .4rem .75rem .4rem 0; border-bottom: 1px solid var(--line); white-space: nowrap; }
.size { text-align: right; font-variant-numeric: tabular-nums; padding-right: .25rem; }
.own { background: var(--own); }
.badge { margin-left: .5rem; padding: .05rem .5rem; border-radius: 1rem; background: var(--wax); color: var(--on-wax); font-size: .8rem; }
pre { margin: 0; padding: 1rem; border-radius: .6rem; background: var(--paper); border: 1px solid var(--line); color: var(--soft); }
footer { margin-top: 2rem; color: var(--soft); font-size: .9rem; }
`
