"""The page's style, light and dark; every text has a contrast of at least 4.5:1 to its background."""

STYLE = """
:root { color-scheme: light dark; --ink: #16181b; --soft: #5b6168; --paper: #fff; --rule: #d8dade; --link: #0b5fa5;
  --kept: #e3f1e6; --mark: #14532d; }
@media screen and (prefers-color-scheme: dark) { :root { --ink: #f2f3f4; --soft: #a4abb3; --paper: #16181b;
  --rule: #3b4047; --link: #8cc4f5; --kept: #1d3827; --mark: #a7e3b8; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.25rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
a { color: var(--link); }
h1 { font-size: 1.375rem; line-height: 1.3; margin: 0 0 1rem; }
h2 { font-size: 1rem; margin: 2rem 0 .5rem; }
dl { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem 1rem; margin: 0; }
dt, .size, .count { color: var(--soft); font-size: .875rem; }
dd { margin: 0; font-variant-numeric: tabular-nums; }
.notes { margin: 1rem 0 0; padding: .5rem .75rem; border-left: 3px solid var(--link); font-size: .875rem; }
.legend { margin: 1.25rem 0 0; padding: 0; list-style: none; font-size: .875rem; }
.legend li { margin: .25rem 0; }
nav ol { margin: 0; padding: 0; list-style: none; max-height: 22rem; overflow: auto; border: 1px solid var(--rule);
  border-radius: 6px; }
nav li { display: flex; gap: 1rem; justify-content: space-between; padding: .375rem .75rem; }
nav li + li { border-top: 1px solid var(--rule); }
nav .count { white-space: nowrap; font-variant-numeric: tabular-nums; }
section { border-top: 1px solid var(--rule); margin-top: 1.5rem; padding-top: 1rem; scroll-margin-top: .5rem; }
section h2 { margin: 0; }
.size { margin: 0 0 .5rem; }
.text { white-space: pre-wrap; font: 14px/1.6 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
mark { color: inherit; background: var(--kept); }
mark.protected { color: var(--mark); border-bottom: 1px solid var(--mark); }
.frame { color: var(--link); }
.sent { border: 1px solid var(--rule); border-radius: 6px; margin-top: 1.5rem; padding: .25rem .75rem; }
.sent > summary { font-weight: 600; }
.sent > summary .count { font-weight: 400; }
.dropped, .elided { color: var(--soft); }
.elided, .fold > summary { font-style: italic; }
summary { cursor: pointer; padding: .25rem 0; }
.fold > summary { color: var(--soft); font: italic .875rem/1.5 system-ui, sans-serif; }
.fold { border-left: 2px solid var(--rule); padding-left: .75rem; margin: .25rem 0; }
.rest { border-top: 1px solid var(--rule); margin-top: 1.5rem; padding-top: .75rem; }
.rest > summary { font-weight: 600; }
.rest > details { border-top: 1px solid var(--rule); margin-left: .75rem; }
@media print { nav { display: none; } mark { border-bottom: 1px solid; } }
"""
