/// The page's style: light and dark from the reader's system, one column on a phone, plain on paper.
///
/// Colours are those of Okabe and Ito, which readers with any colour vision tell apart (https://jfly.uni-koeln.de/color/),
/// lightened a little in the dark.
let reportStyle = """
  :root {
    color-scheme: light dark;
    --paper: #fdfdfc; --card: #ffffff; --ink: #1d2126; --soft: #5c6670; --rule: #e3e6e8; --grid: #eceeef;
    --a: #0072b2; --b: #d55e00; --mark: #1d2126;
    --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #e69f00; --c5: #56b4e9; --c6: #8a8f94;
  }
  @media (prefers-color-scheme: dark) {
    :root {
      --paper: #14171a; --card: #1b1f23; --ink: #e8eaec; --soft: #9aa4ad; --rule: #2d3338; --grid: #272c31;
      --a: #56b4e9; --b: #f0884a; --mark: #e8eaec;
      --c0: #4aa3df; --c1: #f0884a; --c2: #2fc79b; --c3: #e09bc2; --c4: #f0b429; --c5: #9ad4f5; --c6: #a5abb0;
    }
  }
  * { box-sizing: border-box; }
  body {
    margin: 0; background: var(--paper); color: var(--ink); -webkit-text-size-adjust: 100%;
    font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif;
  }
  main { max-width: 1100px; margin: 0 auto; padding: 28px 18px 60px; }
  h1 { font-size: 17px; font-weight: 600; color: var(--soft); margin: 0 0 6px; }
  .verdict { font-size: clamp(21px, 3.4vw, 30px); line-height: 1.28; font-weight: 600; margin: 0 0 22px; max-width: 34em; text-wrap: balance; }
  h2 { font-size: 20px; margin: 40px 0 4px; }
  h2 + p { margin-top: 0; }
  p.note { color: var(--soft); margin: 0 0 12px; max-width: 50em; text-wrap: pretty; }
  figure p.note { font-size: 13px; margin: 6px 0 2px; }
  .figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); gap: 14px; align-items: start; }
  .figures.three { grid-template-columns: repeat(auto-fit, minmax(min(100%, 300px), 1fr)); }
  figure { margin: 0; background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 12px 12px 8px; max-width: 560px; break-inside: avoid; }
  figcaption { font-weight: 600; font-size: 15px; margin-bottom: 6px; }
  svg { display: block; width: 100%; height: auto; overflow: visible; }
  svg text { font-size: 10.5px; fill: var(--soft); }
  .three svg text { font-size: 12px; }
  svg .label { fill: var(--ink); } svg .axis-title { fill: var(--soft); }
  svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }
  svg .halo { paint-order: stroke; stroke: var(--card); stroke-width: 4px; stroke-linejoin: round; }
  .grid { stroke: var(--grid); } .axis { stroke: var(--soft); } .mark { stroke: var(--mark); stroke-width: 1.4; stroke-dasharray: 4 3; }
  .line { fill: none; stroke-width: 1.9; stroke-linejoin: round; } .line.pale { stroke-width: 1; opacity: .35; }
  .area { fill-opacity: .32; stroke-width: 1.3; }
  .line.series-a, .area.series-a { stroke: var(--a); } .line.series-b, .area.series-b { stroke: var(--b); }
  .area.series-a, .key.series-a, .dot.series-a { fill: var(--a); } .area.series-b, .key.series-b { fill: var(--b); }
  .cell.right { fill: var(--a); } .cell.wrong { fill: var(--b); }
  svg .cell-text { text-anchor: middle; fill: var(--ink); } svg .cell-text.strong { fill: var(--card); font-weight: 600; }
  .point { fill-opacity: .85; stroke: var(--card); stroke-width: .5; }
  .c0 { fill: var(--c0); } .c1 { fill: var(--c1); } .c2 { fill: var(--c2); } .c3 { fill: var(--c3); }
  .c4 { fill: var(--c4); } .c5 { fill: var(--c5); } .c6 { fill: var(--c6); }
  .point:hover, .point.on { stroke: var(--ink); stroke-width: 1.5; }
  .numbers { border-collapse: collapse; font-variant-numeric: tabular-nums; margin: 0 0 6px; }
  .numbers th, .numbers td { padding: 5px 18px 5px 0; text-align: right; border-bottom: 1px solid var(--rule); }
  .numbers th:first-child, .numbers td:first-child { text-align: left; }
  .numbers thead th { color: var(--soft); font-weight: 500; font-size: 14px; vertical-align: bottom; }
  .numbers tbody th { font-weight: 400; }
  .numbers .last { font-weight: 600; }
  .wide { overflow-x: auto; }
  .strip { display: grid; grid-template-columns: repeat(auto-fill, minmax(168px, 1fr)); gap: 10px; padding: 0; margin: 0; list-style: none; }
  .strip li { background: var(--card); border: 1px solid var(--rule); border-radius: 10px; padding: 7px; font-size: 13px; color: var(--soft); break-inside: avoid; max-width: 100%; }
  .pair { display: flex; gap: 4px; }
  .names { display: block; max-width: 152px; margin-top: 4px; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; color: var(--ink); }
  .thumb { width: 74px; height: 74px; border-radius: 5px; background-image: var(--sprite); background-size: calc(74px * var(--columns)) auto; display: block; }
  #tip { position: fixed; pointer-events: none; display: none; z-index: 2; background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 6px; font-size: 13px; box-shadow: 0 4px 18px #0003; max-width: 220px; overflow-wrap: anywhere; }
  #tip .thumb { margin-bottom: 3px; }
  details { margin-top: 8px; } summary { cursor: pointer; color: var(--soft); }
  dl { display: grid; grid-template-columns: max-content 1fr; gap: 4px 18px; margin: 0; font-size: 14px; }
  dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
  pre { background: var(--card); border: 1px solid var(--rule); border-radius: 8px; padding: 10px 12px; white-space: pre-wrap; overflow-wrap: anywhere; font-size: 13px; }
  @media (max-width: 520px) {
    main { padding: 20px 12px 40px; } figure { padding: 10px 8px 6px; } svg text { font-size: 11.5px; }
    .numbers th, .numbers td { padding-right: 11px; font-size: 14px; } dl { grid-template-columns: 1fr; gap: 0; } dd { margin-bottom: 8px; }
  }
  @media print {
    @page { margin: 14mm; }
    :root {
      color-scheme: light; --paper: #fff; --card: #fff; --ink: #000; --soft: #444; --rule: #ccc; --grid: #e8e8e8;
      --a: #0072b2; --b: #d55e00; --mark: #000;
      --c0: #0072b2; --c1: #d55e00; --c2: #009e73; --c3: #cc79a7; --c4: #e69f00; --c5: #56b4e9; --c6: #8a8f94;
    }
    main { max-width: none; padding: 0; } h2 { margin-top: 26px; } section { break-inside: avoid; } h2 { break-after: avoid; } .wide { overflow: visible; }
    .figures { grid-template-columns: 1fr 1fr; } .figures.three { grid-template-columns: 1fr 1fr 1fr; }
    .three figcaption { font-size: 12px; } .figures, .strip { break-before: avoid; }
    #tip { display: none !important; }
    .strip li, tr { break-inside: avoid; } details > * { display: block; }
    .thumb, .point, .area, .cell { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  }
  """

/// Shows a point's picture and name beside the pointer; without scripts the page lacks nothing else.
let reportScript = """
  (function () {
    var tip = document.getElementById("tip"), names = JSON.parse(document.getElementById("captions").textContent);
    var columns = +document.documentElement.style.getPropertyValue("--columns") || 0, shown = null;
    function show(point, x, y) {
      if (shown) shown.classList.remove("on");
      shown = point;
      if (!point) { tip.style.display = "none"; return; }
      point.classList.add("on");
      var i = +point.dataset.i;
      tip.textContent = "";
      if (columns) {
        var picture = document.createElement("span");
        picture.className = "thumb";
        picture.style.backgroundPosition = (-74 * (i % columns)) + "px " + (-74 * Math.floor(i / columns)) + "px";
        tip.appendChild(picture);
      }
      tip.appendChild(document.createTextNode(names[i] || ""));
      tip.style.display = "block";
      tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - tip.offsetWidth - 8)) + "px";
      tip.style.top = Math.max(4, Math.min(y + 14, innerHeight - tip.offsetHeight - 8)) + "px";
    }
    document.querySelectorAll(".map").forEach(function (map) {
      map.addEventListener("pointermove", function (e) { show(e.target.closest(".point"), e.clientX, e.clientY); });
      map.addEventListener("pointerdown", function (e) { show(e.target.closest(".point"), e.clientX, e.clientY); });
      map.addEventListener("pointerleave", function () { show(null); });
    });
  })();
  """
