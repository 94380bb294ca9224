"use strict";
// Charts as SVG elements. No library, no inline style: the page's policy forbids both, and it needs neither.

const SVG = "http://www.w3.org/2000/svg";

function svg(name, attributes = {}, ...children) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

// A round step so that about `count` of them cover `top`.
function niceStep(top, count) {
  const rough = top / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  for (const factor of [1, 2, 2.5, 5, 10]) if (factor * power >= rough) return factor * power;
  return 10 * power;
}

// Horizontal lines with their figures; gives the value at the top.
function drawScale(root, frame, maximum, unit, format) {
  const step = niceStep(Math.max(maximum, 0.001), 4);
  const top = Math.ceil(Math.max(maximum, 0.001) / step - 1e-9) * step;
  for (let value = 0; value <= top + step / 2; value += step) {
    const y = frame.bottom - (value / top) * (frame.bottom - frame.top);
    root.append(svg("line", { class: "grid", x1: frame.left, x2: frame.right, y1: y, y2: y }));
    root.append(svg("text", { class: "tick", x: frame.left - 8, y: y + 4, "text-anchor": "end" }, format(value)));
  }
  root.append(svg("text", { class: "tick", x: frame.left - 8, y: frame.top - 14, "text-anchor": "end" }, unit));
  return top;
}

function hatching(id) {
  return svg("defs", {}, svg("pattern", { id, width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    svg("rect", { class: "hatch-ground", width: 7, height: 7 }), svg("line", { class: "hatch-line", x1: 0, y1: 0, x2: 0, y2: 7 })));
}

// What is drawn otherwise than measured: by its line and by a mark, never by colour alone.
const MARKS = { estimated: "≈", edited: "◆", doubtful: "?" };

// days: [{date, amount or null, partial, kind, label, tick}], kind as in MARKS, amounts in options.unit. One tab stop; arrow keys move, Enter or Space choose.
function barChart(days, options) {
  const width = options.narrow ? 420 : 920, height = options.narrow ? 260 : 300;
  const frame = { left: 52, right: width - 6, top: 34, bottom: height - 40 };
  const root = svg("svg", { class: "chart bars", viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": options.label });
  root.append(hatching("hatch-day"));
  const top = drawScale(root, frame, Math.max(...days.map((d) => d.amount ?? 0), 1), options.unit, options.format);
  const slot = (frame.right - frame.left) / days.length;
  const bars = [];
  const focus = (index) => {
    const next = Math.min(days.length - 1, Math.max(0, index));
    bars.forEach((bar, i) => bar.setAttribute("tabindex", i === next ? 0 : -1));
    bars[next].focus();
  };
  const current = Math.max(0, days.findIndex((d) => d.date === options.chosen));
  days.forEach((day, index) => {
    const x = frame.left + index * slot;
    const y = frame.bottom - ((day.amount ?? top * 0.55) / top) * (frame.bottom - frame.top);
    const group = svg("g", {
      class: `bar ${day.amount === null ? "missing" : day.partial ? "partial" : "full"}${day.date === options.chosen ? " chosen" : ""}`,
      role: "button", tabindex: index === current ? 0 : -1, "aria-label": day.label,
      "aria-pressed": day.date === options.chosen, "data-date": day.date,
    });
    group.append(svg("title", {}, day.label));
    group.append(svg("rect", { class: "target", x, y: frame.top, width: slot, height: frame.bottom - frame.top + 26 }));
    const barWidth = Math.max(slot - Math.min(6, slot * 0.28), 2);
    group.append(svg("rect", {
      class: "body", x: x + (slot - barWidth) / 2, y, width: barWidth, rx: Math.min(3, barWidth / 3),
      height: Math.max(frame.bottom - y, 1.5),
    }));
    if (day.partial && day.amount !== null)
      group.append(svg("text", { class: "mark", x: x + slot / 2, y: y - 6, "text-anchor": "middle" }, "!"));
    else if (day.kind)
      group.append(svg("text", { class: `mark ${day.kind}`, x: x + slot / 2, y: y - 6, "text-anchor": "middle" }, MARKS[day.kind]));
    if (day.amount === null)
      group.append(svg("text", { class: "mark", x: 0, y: 4, "text-anchor": "middle", transform: `translate(${x + slot / 2} ${(y + frame.bottom) / 2}) rotate(-90)` }, options.missing));
    if (day.tick) group.append(svg("text", { class: "tick", x: x + slot / 2, y: frame.bottom + 20, "text-anchor": "middle" }, day.tick));
    group.addEventListener("click", () => options.choose(day.date));
    group.addEventListener("keydown", (event) => {
      const moves = { ArrowLeft: index - 1, ArrowRight: index + 1, Home: 0, End: days.length - 1 };
      if (event.key in moves) focus(moves[event.key]);
      else if (event.key === "Enter" || event.key === " ") options.choose(day.date);
      else return;
      event.preventDefault();
    });
    bars.push(group);
    root.append(group);
  });
  return root;
}

// slots: [{kw or null, kind, label, tick}], kind as in MARKS, in order of time; kVA where options.unit says so. Missing ones are gaps
// in the line with a shaded band behind. options.choose(slot): what a click on one does; keys need another way to it.
function curveChart(slots, options) {
  const width = options.narrow ? 420 : 920, height = options.narrow ? 240 : 270;
  const frame = { left: 52, right: width - 10, top: 34, bottom: height - 34 };
  const root = svg("svg", { class: "chart curve", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": options.label });
  root.append(hatching("hatch-slot"));
  const top = drawScale(root, frame, Math.max(...slots.map((s) => s.kw ?? 0), 0.1), options.unit ?? "kW", options.format);
  const slot = (frame.right - frame.left) / slots.length;
  const heightOf = (kw) => frame.bottom - (kw / top) * (frame.bottom - frame.top);

  // Runs of present slots of one kind and of missing ones, each drawn as one shape.
  for (let from = 0; from < slots.length;) {
    const present = slots[from].kw !== null, kind = slots[from].kind ?? "";
    let to = from;
    while (to < slots.length && (slots[to].kw !== null) === present && (slots[to].kind ?? "") === kind) ++to;
    const x1 = frame.left + from * slot, x2 = frame.left + to * slot;
    if (present) {
      let line = "";
      for (let i = from; i < to; ++i) {
        const x = frame.left + i * slot, y = heightOf(slots[i].kw);
        line += `${i === from ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}L${(x + slot).toFixed(1)} ${y.toFixed(1)}`;
      }
      root.append(svg("path", { class: `area ${kind}`, d: `${line}L${x2.toFixed(1)} ${frame.bottom}L${x1.toFixed(1)} ${frame.bottom}Z` }));
      const before = from > 0 ? slots[from - 1].kw : null; // the step from another kind to this one
      root.append(svg("path", { class: `line ${kind}`, d: before === null ? line : `M${x1.toFixed(1)} ${heightOf(before).toFixed(1)}L${line.slice(1)}` }));
      if (kind) {
        const y = heightOf(Math.max(...slots.slice(from, to).map((s) => s.kw)));
        root.append(svg("text", { class: `mark ${kind}`, x: (x1 + x2) / 2, y: y - 7, "text-anchor": "middle" }, MARKS[kind]));
      }
    } else {
      root.append(svg("rect", { class: "gap", x: x1, y: frame.top, width: x2 - x1, height: frame.bottom - frame.top }));
      if (x2 - x1 > 84)
        root.append(svg("text", { class: "gap-label", x: (x1 + x2) / 2, y: frame.top + 20, "text-anchor": "middle" }, options.gap));
    }
    from = to;
  }
  slots.forEach((s, index) => {
    const x = frame.left + index * slot;
    const target = svg("rect", { class: options.choose ? "hover choice" : "hover", x, y: frame.top, width: slot, height: frame.bottom - frame.top }, svg("title", {}, s.label));
    if (options.choose) target.addEventListener("click", () => options.choose(s));
    root.append(target);
    if (s.tick) {
      root.append(svg("line", { class: "tick-line", x1: x, x2: x, y1: frame.bottom, y2: frame.bottom + 5 }));
      root.append(svg("text", { class: "tick", x, y: frame.bottom + 20, "text-anchor": "middle" }, s.tick));
    }
  });
  return root;
}

const isNarrow = () => matchMedia("(max-width: 640px)").matches;

// The slots of a civil day for curveChart; `kwAt(instant)` is null where nothing was received.
function daySlots(date, zone, step, kwAt, unit) {
  const slots = [], end = startOfDay(addDays(date, 1), zone);
  for (let at = startOfDay(date, zone); at < end; at += step) {
    const time = localTime(at, zone), kw = kwAt(at);
    slots.push({ at, time, kw, tick: time.endsWith(":00") && Number(time.slice(0, 2)) % (isNarrow() ? 6 : 3) === 0 ? time : "",
      label: `${time} – ${localTime(at + step, zone)} : ${kw === null ? t("gap") : `${number(kw, 2)} ${unit}`}` });
  }
  return slots;
}
