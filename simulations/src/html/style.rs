//! How a report looks: on paper, on a phone, by day and by night.
//!
//! The two colours of the sides are told apart by everyone (Okabe and Ito, 2008); where they could not be, the second
//! is dashed as well.

/// What a drawing needs, in a page or alone.
pub(super) const DRAWING: &str = "
:root { --ink: #1b1b1b; --quiet: #5a5a5a; --paper: #fff; --line: #d5d5d5; --panel: #f6f6f4;
  --a: #0072b2; --b: #d55e00; --free: #bdbdbd; --way: #56b4e9; --wait: #f0e442; --ride: #009e73;
  --s0: #e9e6f2; --s1: #b9b4dd; --s2: #8a80c4; --s3: #5f4b9f; --s4: #35185f; }
@media (prefers-color-scheme: dark) { :root { --ink: #ececec; --quiet: #b0b0b0; --paper: #16181c; --line: #40444b;
  --panel: #1f2228; --a: #56b4e9; --b: #e69f00; --free: #5d6168; --way: #56b4e9; --wait: #f0e442; --ride: #2fc79a;
  --s0: #2b2740; --s1: #4b4180; --s2: #7566b8; --s3: #a79ae0; --s4: #e4dcff; } }
svg text { fill: var(--ink); font: 13px system-ui, sans-serif; } svg .quiet { fill: var(--quiet); }
.grid { stroke: var(--line); stroke-width: 1; } .axis { stroke: var(--quiet); stroke-width: 1; }
.a { stroke: var(--a); } .b { stroke: var(--b); stroke-dasharray: 7 4; } .curve { fill: none; stroke-width: 2.5; }
.fill-a { fill: var(--a); } .fill-b { fill: var(--b); }
.free { fill: var(--free); } .way { fill: var(--way); } .wait { fill: var(--wait); } .ride { fill: var(--ride); }
.hex { stroke: var(--paper); stroke-width: .6; }
.s0 { fill: var(--s0); } .s1 { fill: var(--s1); } .s2 { fill: var(--s2); } .s3 { fill: var(--s3); } .s4 { fill: var(--s4); }
";

/// What a page around drawings needs.
pub(super) const PAGE: &str = "
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
main { max-width: 58rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .5rem 0 1rem; }
h2 { font-size: 1.15rem; margin: 0 0 .25rem; }
p { margin: 0 0 .5rem; } .note, figcaption p { color: var(--quiet); }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); gap: .5rem; margin: 0 0 1.5rem; }
.facts div { background: var(--panel); border-radius: .4rem; padding: .4rem .6rem; min-width: 0; }
dt { color: var(--quiet); font-size: .8rem; } dd { margin: 0; overflow-wrap: anywhere; }
figure { margin: 2rem 0; } svg { display: block; width: 100%; height: auto; }
.maps { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 1rem; }
.maps h3 { font-size: 1rem; margin: 0; }
.wide { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td { padding: .25rem .75rem .25rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th:first-child { text-align: left; } summary { cursor: pointer; color: var(--quiet); padding: .4rem 0; }
@media print { body { font-size: 11pt; } figure { break-inside: avoid; } .wide { overflow: visible; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  summary { display: none; } details::details-content { content-visibility: visible; block-size: auto; } }
";
