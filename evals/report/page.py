"""The page of a report: one file, no script, no requests."""

from __future__ import annotations

from string import Template

PAGE = Template("""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>$title</title>
<style>
:root { color-scheme: light dark; --ink: #16181b; --soft: #5b6168; --faint: #6b7178; --paper: #fff; --rule: #dcdfe3;
  --wash: #f4f6f8; --safe: #0072b2; --harmful: #c04a00; --open: #6b5b00; --gold: #fff3c9; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #eceef0; --soft: #a3a9b0; --faint: #8b9199;
  --paper: #15171a; --rule: #32363b; --wash: #1e2125; --safe: #6cb6ec; --harmful: #ff9557; --open: #e6cf5a;
  --gold: #3a3213; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 72rem; padding: 1.25rem 1rem 3rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1rem; font-weight: 600; margin: 0 0 1rem; color: var(--soft); }
h2 { font-size: 1.15rem; margin: 2.5rem 0 .5rem; padding-top: 1rem; border-top: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.5rem 0 .25rem; }
p { margin: .5rem 0; max-width: 46rem; } small, .soft { color: var(--soft); } small { font-size: .82em; }
.verdict { border-left: .35rem solid var(--tone); background: var(--wash); padding: .9rem 1rem; margin: 0 0 1rem; }
.verdict strong { color: var(--tone); font-size: 1.3rem; display: block; line-height: 1.3; }
.safe { --tone: var(--safe); } .harmful { --tone: var(--harmful); } .inconclusive { --tone: var(--open); }
b.safe, b.harmful, b.inconclusive { color: var(--tone); white-space: nowrap; }
dl.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem 1rem;
  margin: 1rem 0; }
dl.facts dt { color: var(--soft); font-size: .82rem; } dl.facts dd { margin: 0; font-variant-numeric: tabular-nums; }
.plot { display: block; width: 100%; max-width: 38rem; height: auto; margin: .5rem 0; }
.plot text { font: 11.5px system-ui, sans-serif; fill: var(--ink); }
.plot .note { fill: var(--soft); font-size: 10.5px; }
.plot .grid { stroke: var(--rule); stroke-width: 1; }
.plot .margin { stroke: var(--soft); stroke-width: 1.2; stroke-dasharray: 5 4; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .25rem 1rem; padding: 0; margin: .25rem 0;
  font-size: .88rem; } .legend li { display: flex; align-items: center; gap: .35rem; }
.wide { overflow-x: auto; margin: .5rem 0; overflow-wrap: normal; background: linear-gradient(to left,
  var(--paper) 40%, transparent) right / 3rem 100% no-repeat local, linear-gradient(to left, var(--rule), transparent)
  right / 1.2rem 100% no-repeat scroll; }
table { border-collapse: collapse; font-size: .88rem; font-variant-numeric: tabular-nums; min-width: 100%; }
th, td { padding: .35rem .5rem; text-align: right; border-bottom: 1px solid var(--rule); white-space: nowrap; }
thead th { color: var(--soft); font-weight: 500; vertical-align: bottom; }
th:first-child { text-align: left; position: sticky; left: 0; background: var(--paper); font-weight: 500; }
details { border: 1px solid var(--rule); border-radius: .4rem; margin: .5rem 0; }
summary { cursor: pointer; padding: .6rem .8rem; } details[open] > summary { border-bottom: 1px solid var(--rule); }
summary .loss { font-variant-numeric: tabular-nums; color: var(--harmful); margin-right: .5rem; }
.inside { padding: .25rem .8rem .8rem; } .inside h4 { font-size: .82rem; color: var(--soft); margin: .9rem 0 .15rem;
  font-weight: 500; } .inside h4.gold { color: var(--open); }
pre { white-space: pre-wrap; overflow-wrap: anywhere; font: 13.5px/1.55 ui-monospace, SFMono-Regular, Menlo, monospace;
  margin: 0; } .dropped { color: var(--faint); } .elided { color: var(--soft); font-style: italic; }
ul.notes { padding-left: 1.1rem; max-width: 46rem; } ul.notes li { margin: .3rem 0; }
@media (max-width: 40rem) { td small { display: block; } }
@media print { body { font-size: 11pt; max-width: none; padding: 0; } h2, h3 { break-after: avoid; }
  .plot, .verdict, tr { break-inside: avoid; } .plot { max-width: 26rem; }
  .wide { overflow: visible; background: none; } table { font-size: 7.5pt; } td small { display: block; }
  th, td { padding: .2rem .3rem; white-space: normal; overflow-wrap: normal; } th:first-child { position: static; }
  .dropped { text-decoration: line-through; } }
</style>
</head>
<body>
<h1>$title</h1>
$body
</body>
</html>
""")
