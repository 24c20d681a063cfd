"""Colours and type of the page and of the picture, light and dark, in one place."""

from __future__ import annotations

LIGHT = """
--bg:#f6f5f2;--card:#ffffff;--ink:#1c2024;--muted:#6b7280;--line:#e4e2dd;--grid:#eceae6;
--ready:#0d8073;--ready-fill:#bfe3dc;--intended:#2f3e8f;--demand:#d9480f;--demand-fill:#f9a06b;
--round:#be123c;--prepare:#b7791f;--good:#0d7a4f;--good-bg:#e3f5ec;--bad:#b4232a;--bad-bg:#fdeaea;--move:#7c3aed
"""
DARK = """
--bg:#0e1116;--card:#161b22;--ink:#e8ecf1;--muted:#94a0ae;--line:#262d37;--grid:#222932;
--ready:#35d0bb;--ready-fill:#14504a;--intended:#a5b4ff;--demand:#ff9a62;--demand-fill:#b4501d;
--round:#fb7185;--prepare:#eab308;--good:#4ade9a;--good-bg:#11301f;--bad:#ff8a8a;--bad-bg:#3a1618;--move:#c4a5ff
"""

FONT = 'system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif'

CHART = f"""
text{{font-family:{FONT};font-variant-numeric:tabular-nums}}
.tick{{font-size:11px;fill:var(--muted)}}
.name{{font-size:12px;font-weight:600;fill:var(--round)}}
.grid{{stroke:var(--grid);stroke-width:1;fill:none}}
.base{{stroke:var(--muted);stroke-opacity:.55;stroke-width:1;fill:none}}
.round{{fill:var(--round);fill-opacity:.14}}
.prepare{{fill:var(--prepare);fill-opacity:.13}}
.ready-by{{stroke:var(--prepare);stroke-width:1;stroke-dasharray:3 3;fill:none}}
.ready{{fill:var(--ready-fill);fill-opacity:.62;stroke:var(--ready);stroke-width:1.6;stroke-linejoin:round}}
.intended{{stroke:var(--intended);stroke-width:1.2;fill:none}}
.demand{{fill:var(--demand-fill);fill-opacity:.5;stroke:var(--demand);stroke-width:1.3;stroke-linejoin:round}}
.move{{fill:var(--move)}}
.hit{{fill:var(--ink);fill-opacity:0}}
.hit:hover{{fill-opacity:.09}}
"""

THEMES = f""":root{{color-scheme:light dark;{LIGHT.strip()}}}
@media(prefers-color-scheme:dark){{:root{{{DARK.strip()}}}}}"""

PAGE = f"""
{THEMES}
*{{box-sizing:border-box}}
body{{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 {FONT};font-variant-numeric:tabular-nums}}
main{{max-width:1240px;margin:0 auto;padding:36px 24px 64px}}
header{{display:flex;flex-wrap:wrap;gap:8px 20px;align-items:baseline;justify-content:space-between}}
h1{{font-size:27px;line-height:1.2;margin:0;letter-spacing:-.015em}}
h1 small{{font-weight:400;color:var(--muted);font-size:17px;letter-spacing:0}}
h2{{font-size:15px;margin:40px 0 12px;letter-spacing:.01em}}
h2 small{{font-weight:400;color:var(--muted);margin-left:8px}}
p{{margin:4px 0;color:var(--muted)}}
.verdict{{font-weight:600;padding:5px 14px;border-radius:999px}}
.yes{{color:var(--good);background:var(--good-bg)}}.no{{color:var(--bad);background:var(--bad-bg)}}
.tiles{{display:grid;grid-template-columns:repeat(auto-fit,minmax(106px,1fr));gap:10px;margin:22px 0}}
.tile,.card{{background:var(--card);border:1px solid var(--line);border-radius:12px}}
.tile{{padding:10px 11px 11px}}
.tile b{{display:block;font-size:20px;line-height:1.3;letter-spacing:-.02em;font-weight:650;
white-space:nowrap}}
.tile span{{display:block;color:var(--muted);font-size:12.5px;line-height:1.35}}
.tile.no b{{color:var(--bad)}}.tile.no{{background:var(--card)}}
.card{{padding:14px 16px 10px;overflow-x:auto}}
.card h3{{font-size:14px;margin:0 0 2px}}.card h3 small{{color:var(--muted);font-weight:400;margin-left:6px}}
.panels{{display:grid;grid-template-columns:repeat(auto-fit,minmax(340px,1fr));gap:12px}}
.zooms{{display:grid;grid-template-columns:repeat(auto-fill,minmax(270px,1fr));gap:12px}}
.card>svg{{display:block;width:100%;height:auto;overflow:visible}}
.legend{{display:flex;flex-wrap:wrap;gap:4px 20px;margin:2px 0 8px;font-size:13px;color:var(--muted)}}
.legend i{{display:inline-block;width:18px;height:10px;margin-right:7px;border-radius:2px;
vertical-align:-1px}}
.legend .k-ready{{background:var(--ready-fill);border-top:2px solid var(--ready)}}
.legend .k-intended{{height:0;border-top:2px solid var(--intended);vertical-align:4px}}
.legend .k-demand{{
background:color-mix(in srgb,var(--demand-fill) 50%,transparent);border-top:2px solid var(--demand)}}
.legend .k-round{{background:color-mix(in srgb,var(--round) 18%,transparent)}}
.legend .k-prepare{{
background:color-mix(in srgb,var(--prepare) 18%,transparent);border-right:2px dashed var(--prepare)}}
.legend .k-move{{width:0;height:0;border:5px solid transparent;border-top:0;
border-bottom:9px solid var(--move);border-radius:0}}
table{{border-collapse:collapse;width:100%;font-size:14px}}
th,td{{text-align:right;padding:7px 10px;border-bottom:1px solid var(--line);white-space:nowrap}}
th{{color:var(--muted);font-weight:500;font-size:12.5px}}
th:first-child,td:first-child,.l{{text-align:left}}
tr:last-child td{{border-bottom:0}}
td.no{{background:none;font-weight:600}}td.yes{{background:none}}
details{{margin-top:32px}}summary{{cursor:pointer;font-weight:600}}
details .card{{margin-top:12px;max-height:560px;overflow:auto}}
code{{font:12.5px ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}}
footer{{margin-top:36px;font-size:13px;color:var(--muted)}}
{CHART}
"""
