"use strict";
// The page: sign-in by token, then what the token's role may see. Talks to the public API only.

const state = { token: "", language: "en", me: null, words: null, timer: 0, view: 0 };

// ---------------------------------------------------------------- words and numbers

// French sets a space before some signs, at which no line may break.
const keepSigns = (text) => (state.language === "fr" ? text.replace(/ (?=[:;?!%])/g, "\u00a0") : text);
const t = (key, values = {}) =>
  Object.entries(values).reduce((text, [name, value]) => text.replace(`{${name}}`, () => value), keepSigns(PAGE_WORDS[state.language][key] ?? key));
const locale = () => (state.language === "fr" ? "fr-FR" : "en-GB");
const wordsOf = (table, name) => state.words?.[table]?.[name];
const label = (table, name) => wordsOf(table, name)?.label[state.language] ?? name;
const plain = (table, name) => wordsOf(table, name)?.plain[state.language] ?? "";
const number = (value, digits = 0) =>
  new Intl.NumberFormat(locale(), { minimumFractionDigits: digits, maximumFractionDigits: digits }).format(value);
const shortNumber = (value) => new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 }).format(value);
const moment = (text) => (text ? new Date(text).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short" }) : t("never"));
// Civil dates are handled as UTC midnights, so that the browser's own zone never moves them.
const dayName = (date, options = { weekday: "long", day: "numeric", month: "long", year: "numeric" }) =>
  new Intl.DateTimeFormat(locale(), { ...options, timeZone: "UTC" }).format(new Date(`${date}T00:00:00Z`));
const addDays = (date, count) => new Date(Date.parse(`${date}T00:00:00Z`) + count * 86400000).toISOString().slice(0, 10);

// ---------------------------------------------------------------- zones

const clocks = new Map();
function localParts(instant, zone) {
  if (!clocks.has(zone))
    clocks.set(zone, new Intl.DateTimeFormat("en-CA", { timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", second: "2-digit" }));
  return Object.fromEntries(clocks.get(zone).formatToParts(instant).map((part) => [part.type, part.value]));
}
const localDate = (instant, zone) => { const p = localParts(instant, zone); return `${p.year}-${p.month}-${p.day}`; };
const localTime = (instant, zone) => { const p = localParts(instant, zone); return `${p.hour}:${p.minute}`; };
function offsetAt(instant, zone) {
  const p = localParts(instant, zone);
  return Date.UTC(p.year, p.month - 1, p.day, p.hour, p.minute, p.second) - instant;
}
function startOfDay(date, zone) {
  const wall = Date.parse(`${date}T00:00:00Z`);
  return wall - offsetAt(wall - offsetAt(wall, zone), zone);
}

// ---------------------------------------------------------------- elements

function h(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else if (value === true) element.setAttribute(key, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(key, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}
const content = () => document.getElementById("content");
const show = (...children) => content().replaceChildren(...children.filter(Boolean));
const card = (title, attributes, ...children) =>
  h("section", { class: "card", ...attributes }, title && h("div", { class: "card-head" }, [title].flat()), ...children);
const figure = (name, value, unit, note, attributes = {}) =>
  h("section", { ...attributes, class: `card figure ${attributes.class ?? ""}` }, h("div", { class: "label" }, [name].flat()),
    h("div", { class: "value" }, value, unit && h("small", {}, ` ${unit}`)), note && h("div", { class: "note" }, note));
function table(columns, rows, caption) {
  const cell = (name, column, value) => h(name, { class: column.number ? "number" : column.break ? "break" : null, scope: name === "th" ? "col" : null }, value);
  return h("table", {}, caption && h("caption", {}, caption), h("thead", {}, h("tr", {}, columns.map((c) => cell("th", c, c.name)))),
    h("tbody", {}, rows.map((row) => h("tr", {}, row.map((value, i) => cell("td", columns[i], value))))));
}

// ---------------------------------------------------------------- the API

class Problem extends Error {
  constructor(status, body) { super(body.plain ?? t("failed")); this.status = status; this.name = (body.type ?? "").split("/").pop(); this.detail = body.detail; }
}
async function request(path, accept, body) {
  const headers = { Accept: accept, "Accept-Language": state.language };
  if (state.token) headers.Authorization = `Bearer ${state.token}`;
  if (body) headers["Content-Type"] = "application/json";
  let response;
  try { response = await fetch(path, { headers, cache: "no-store", method: body ? "POST" : "GET", body: body && JSON.stringify(body) }); }
  catch { throw new Problem(0, { plain: t("offline") }); }
  if (!response.ok) throw new Problem(response.status, await response.json().catch(() => ({})));
  return response;
}
const get = async (path) => (await request(path, "application/json")).json();
const post = async (path, body) => (await request(path, "application/json", body)).json();
async function download(path, type) {
  try {
    const response = await request(path, type);
    const named = /filename="([^"]+)"/.exec(response.headers.get("Content-Disposition") ?? "");
    const link = h("a", { href: URL.createObjectURL(await response.blob()), download: named?.[1] ?? `${path.split("?")[0].split("/").slice(-2).join("-")}.json` });
    link.click();
    URL.revokeObjectURL(link.href);
  } catch (problem) { showFailure(problem); }
}

// Runs a view; what fails is said in plain words. A view that was left meanwhile shows nothing.
async function open(view, ...values) {
  clearTimeout(state.timer);
  if (view !== startView) sessionStorage.removeItem("place");
  const mine = ++state.view;
  state.again = () => open(view, ...values);
  show(h("p", { class: "quiet", role: "status" }, t("loading")));
  try { await view(() => mine === state.view, ...values); }
  catch (problem) { if (mine === state.view) showFailure(problem); }
}
function showFailure(problem) {
  if (problem.status === 401) return signOut(problem.message);
  if (!(problem instanceof Problem)) console.error(problem);
  show(card(null, { class: "card notice error", role: "alert" }, h("p", {}, problem instanceof Problem ? problem.message : t("failed")),
    problem.detail && h("p", { class: "small" }, problem.detail), h("button", { type: "button", onclick: () => state.again() }, t("retry"))));
}

// ---------------------------------------------------------------- a home

const energyText = (wh) => `${number(wh / 1000, 1)} kWh`;
const volumeText = (dm3) => `${number(dm3 / 1000, 3)} m³`;
const coefficientText = (text) => `${new Intl.NumberFormat(locale(), { maximumFractionDigits: 5 }).format(Number(text))} kWh/m³`;
const amountText = (amount, unit) => (unit === "kWh" ? energyText(amount) : volumeText(amount));
const isComplete = (day) => day.amount !== null && day.missing === 0;
const dayState = (day) => (day.amount === null ? "missing" : day.missing > 0 ? "incomplete" : "complete");

// `amount` is what is drawn, in thousandths of `unit`: energy, or the volume of gas where no energy is known at all.
// Days of a register have no slots: a day is there as a whole or not. What several days share is none of one of them.
async function loadDays(base, period) {
  const answer = await get(`${base}/daily?from=${period.from}&to=${period.to}`);
  const volumes = answer.days.every((day) => day.energy_wh === null) && answer.days.some((day) => day.volume_dm3 > 0);
  for (const day of answer.days) {
    day.amount = volumes ? day.volume_dm3 : day.energy_wh;
    if (answer.channel) Object.assign(day, { slots: 1, missing: day.amount === null ? 1 : 0 });
  }
  return { ...answer, unit: volumes ? "m³" : "kWh" };
}
const somethingCame = (day) => day.energy_wh !== null || day.volume_dm3 > 0 || Boolean(day.covering);

// The thirty days that end with the newest reading: a meter may have been silent for long.
async function latestPeriod(base, zone) {
  let to = localDate(Date.now(), zone), from = addDays(to, -30);
  for (let round = 0; round < 6; ++round) {
    const days = (await get(`${base}/daily?from=${from}&to=${to}`)).days;
    const last = days.findLast(somethingCame);
    if (last && round === 0) return { from, to };
    if (last) return { from: addDays(last.date, -29), to: addDays(last.date, 1) };
    to = from;
    from = addDays(to, -1100);
    if (from < "1990-01-01") break;
  }
  to = localDate(Date.now(), zone);
  return { from: addDays(to, -30), to };
}

async function homeView(alive, id, place) {
  const base = `/api/v1/usage-points/${encodeURIComponent(id)}`;
  const point = await get(base);
  const mayRead = state.me.role !== "auditor";
  const accesses = (await get(`${base}/accesses?limit=20`)).accesses;
  if (!alive()) return;
  const head = h("div", { class: "title" }, state.several && h("button", { type: "button", onclick: () => open(listView) }, `← ${t("backToList")}`),
    h("h1", {}, point.site_name || t("yourHome")), h("span", { class: "quiet small", title: t("pointHint") }, `${t("usagePoint")} ${point.id}`));
  if (!mayRead) return show(head, accessCard(accesses));
  const period = place ?? (await latestPeriod(base, point.zone));
  const [{ days, zone, unit }, live] = await Promise.all([loadDays(base, period), liveCard(base, point)]);
  if (!alive()) return;

  const home = { base, point, zone, unit, period, days, curveSlot: h("div", {}), barSlot: h("div", { class: "plot" }), alive };
  sessionStorage.setItem("place", JSON.stringify({ several: state.several, of: [id, place] }));
  home.chosen = (days.findLast(isComplete) ?? days.findLast(somethingCame))?.date;
  show(head, figures(home, "latest"), live, dailyCard(home), home.curveSlot, billCard(home), totalsCard(home), downloadCard(home), accessCard(accesses));
  drawBars(home);
  await drawCurve(home);
}

// A home with several meters: each energy's last days, one below the other.
async function bothView(alive, points) {
  const homes = await Promise.all(points.map(async (point) => {
    const base = `/api/v1/usage-points/${encodeURIComponent(point.id)}`, period = await latestPeriod(base, point.zone);
    return { base, point, period, ...(await loadDays(base, period)), barSlot: h("div", { class: "plot" }), alive };
  }));
  if (!alive()) return;
  state.several = true;
  for (const home of homes) home.onChoose = () => open(homeView, home.point.id, home.period);
  show(h("div", { class: "title", id: "both" }, h("h1", {}, points[0].site_name || t("yourHome"))), ...homes.map((home) =>
    h("section", { "data-energy": home.point.energy, "data-point": home.point.id }, h("div", { class: "title" }, h("h2", {}, t(home.point.energy)),
      h("span", { class: "quiet small" }, `${t("usagePoint")} ${home.point.id}`), h("button", { type: "button", onclick: home.onChoose }, t("details"))),
      figures(home), shortBill(home), card(h("h3", {}, t("thirtyDays")), {}, home.barSlot, home.point.energy === "gas" && h("p", { class: "note" }, t("gasDay"))))));
  homes.forEach(drawBars);
}

function figures({ days, zone, unit }, id = null) {
  const complete = days.filter(isComplete), received = days.filter((day) => day.amount !== null);
  const average = complete.length ? complete.reduce((sum, day) => sum + day.amount, 0) / complete.length : 0;
  const last = complete.at(-1);
  let note = null;
  if (last && complete.length > 2) {
    const percent = Math.round((100 * (last.amount - average)) / (average || 1));
    note = Math.abs(percent) < 3 ? t("comparedSame") : t(percent > 0 ? "comparedMore" : "comparedLess", { p: number(Math.abs(percent)) });
  }
  const isYesterday = last?.date === addDays(localDate(Date.now(), zone), -1);
  const lead = last
    ? figure([h("strong", {}, t(isYesterday ? "yesterday" : "lastDay")), h("br"), dayName(last.date)], number(last.amount / 1000, 1), unit,
      last.kwh_per_m3 ? t("gasFigure", { v: volumeText(last.volume_dm3), c: coefficientText(last.kwh_per_m3) }) : [note, dayRemark(last).slice(2)].filter(Boolean).join(" · ") || null, { class: "lead", id })
    : figure(t("lastDay"), t("none"), null, t("noDay"), { class: "lead", id });
  return h("div", { class: "top" }, lead,
    figure(t("total"), number(received.reduce((sum, day) => sum + day.amount, 0) / 1000, 1), unit, `${received.length} / ${days.length} ${t("days")}`),
    figure(t("average"), complete.length ? number(average / 1000, 1) : t("none"), unit, `${complete.length} ${t("days")}`));
}

function dailyCard(home) {
  const { period, days, point } = home;
  const shift = (count) => open(homeView, point.id, { from: addDays(period.from, count), to: addDays(period.to, count) });
  const range = `${dayName(days[0].date, { day: "numeric", month: "short" })} – ${dayName(days.at(-1).date, { day: "numeric", month: "short", year: "numeric" })}`;
  const gas = point.energy === "gas";
  const gasRows = () => days.map((day) => [dayName(day.date), day.energy_wh === null ? t("none") : energyText(day.energy_wh),
    day.volume_dm3 === null ? t("none") : volumeText(day.volume_dm3), day.kwh_per_m3 ? coefficientText(day.kwh_per_m3) : t("none"),
    day.covering ? coveringText(day.covering) : label("qualities", day.quality)]);
  const rows = gas ? gasRows() : days.map((day) => [dayName(day.date), day.energy_wh === null ? t("none") : energyText(day.energy_wh), `${day.slots - day.missing - day.estimated} / ${day.slots}`, label("qualities", day.quality)]);
  return card([h("h2", {}, t("thirtyDays")), h("span", { class: "quiet small" }, range), h("div", { class: "end" },
      h("button", { type: "button", onclick: () => shift(-30), "aria-label": t("earlier") }, "←"),
      h("button", { type: "button", onclick: () => shift(30), "aria-label": t("later"), disabled: period.to >= localDate(Date.now(), home.zone) }, "→"))],
    { id: "days" }, home.barSlot,
    h("div", { class: "legend" }, h("span", {}, t("complete")), h("span", { class: "is-partial" }, t("incomplete")), h("span", { class: "is-missing" }, t("missing"))), kindLegend(days.map((day) => ({ kind: KINDS[day.quality] })), "Part"),
    h("p", { class: "note" }, t(gas ? "gasDay" : "chooseDay")), home.unit === "m³" && h("div", { class: "notice" }, t("volumesOnly")),
    h("details", {}, h("summary", {}, t("table")), h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": t("thirtyDays") },
      table([{ name: t("date") }, { name: t("energy"), number: true }, ...(gas ? [{ name: t("volume"), number: true }, { name: t("coefficient"), number: true }] : [{ name: t("received"), number: true }]), { name: t("quality") }], rows))));
}

const shortDay = (date) => dayName(date, { day: "numeric", month: "short" });
const coveringText = (covering) => t(covering.complete ? "covered" : "coveredPart", { from: shortDay(covering.from), to: shortDay(addDays(covering.to, -1)),
  v: covering.volume_dm3 === undefined ? energyText(covering.energy_wh) : covering.energy_wh === null ? volumeText(covering.volume_dm3) : `${energyText(covering.energy_wh)} (${volumeText(covering.volume_dm3)})` });

// How the chosen gas day's energy came about.
function gasDayCard({ chosen, days }) {
  const day = days.find((one) => one.date === chosen);
  const index = (value) => (value === null ? t("none") : `${number(value, 3)} m³`);
  const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  const known = day.volume_dm3 !== null;
  return card(h("h2", {}, `${t("gasDayTitle")} · ${dayName(chosen)}`), { id: "curve", "data-date": chosen },
    known && day.energy_wh !== null ? h("p", { class: "sum" }, h("strong", {}, energyText(day.energy_wh)), ` = ${volumeText(day.volume_dm3)} × ${coefficientText(day.kwh_per_m3)}`) : null,
    known && day.energy_wh === null ? h("p", {}, `${volumeText(day.volume_dm3)} · ${t("noCoefficient")}`) : null,
    day.covering ? h("div", { class: "notice" }, coveringText(day.covering)) : known ? null : h("div", { class: "notice" }, t("noCurve")),
    h("dl", { class: "facts" }, fact(t("indexStart"), index(day.index_start)), fact(t("indexEnd"), index(day.index_end)), fact(t("quality"), label("qualities", day.quality))),
    h("p", { class: "note" }, t("gasText")));
}

function drawBars(home) {
  const narrow = isNarrow();
  const text = (day) => amountText(day.amount ?? 0, home.unit);
  const bars = home.days.map((day, index) => ({
    date: day.date, amount: day.amount === null ? null : day.amount / 1000, partial: day.missing > 0,
    label: `${dayName(day.date)} : ${{ missing: day.volume_dm3 ? volumeText(day.volume_dm3) : t("missingShort"), incomplete: `${text(day)}, ${t("incompleteShort")}`, complete: text(day) }[dayState(day)]}${dayRemark(day)}`,
    kind: KINDS[day.quality],
    tick: index % (narrow ? 7 : 3) === 0 ? dayName(day.date, { day: "numeric", month: narrow ? "numeric" : "short" }) : "",
  }));
  const hadFocus = home.barSlot.contains(document.activeElement);
  home.barSlot.replaceChildren(barChart(bars, { narrow, chosen: home.chosen, label: t("thirtyDays"), missing: t("missingShort"), format: shortNumber, unit: home.unit,
    choose: home.onChoose ?? ((date) => { home.chosen = date; drawBars(home); drawCurve(home).catch(showFailure); }) }));
  if (hadFocus) home.barSlot.querySelector(".bar.chosen")?.focus();
}

async function drawCurve(home) {
  const { chosen, zone, days, curveSlot } = home;
  if (!chosen) return curveSlot.replaceChildren();
  if (home.point.energy === "gas") return curveSlot.replaceChildren(gasDayCard(home));
  const heading = h("h2", {}, `${t("curve")} · ${dayName(chosen)}`);
  const dailyOnly = () => curveSlot.replaceChildren(card(heading, { id: "curve" }, h("div", { class: "notice" }, h("strong", {}, t("dailyOnly")), h("p", {}, t("dailyOnlyText")))));
  if (home.point.collection === "daily") return dailyOnly();
  let answer, reasons;
  try { [answer, reasons] = await Promise.all([get(`${home.base}/readings?from=${chosen}&to=${addDays(chosen, 1)}`), loadReasons(home, chosen)]); }
  catch (problem) { if (problem.name === "daily_only") return dailyOnly(); throw problem; }
  if (!home.alive() || home.chosen !== chosen) return;

  const start = startOfDay(chosen, zone), end = startOfDay(addDays(chosen, 1), zone), step = (answer.step_s || 1800) * 1000;
  const kilo = answer.unit === "Wh" ? 3600 / (step / 1000) / 1000 : 0.001; // to mean kW
  const values = new Map(answer.readings.map((reading) => [Date.parse(reading.start), reading]));
  const slots = daySlots(chosen, zone, step, (at) => (values.has(at) ? values.get(at).value * kilo : null), "kW");
  const notes = explainSlots(slots, values, { ...reasons, channel: answer.channel, step, kilo });
  const versions = (slot) => showVersions(home, slot, step, kilo).catch(showFailure);
  const present = slots.filter((slot) => slot.kw !== null);
  const hours = (end - start) / 3600000;
  const move = (count) => { home.chosen = addDays(chosen, count); drawBars(home); drawCurve(home).catch(showFailure); };
  const inside = (date) => days.some((day) => day.date === date);
  const fact = (name, value) => h("div", {}, h("dt", {}, name), h("dd", {}, value));
  const extreme = (pick) => { const value = pick(...present.map((slot) => slot.kw)); const slot = present.find((s) => s.kw === value); return `${number(value, 2)} kW, ${slot.time}`; };
  curveSlot.replaceChildren(card([heading, h("div", { class: "end" },
      h("button", { type: "button", disabled: !inside(addDays(chosen, -1)), "aria-label": t("previousDay"), onclick: () => move(-1) }, "←"),
      h("button", { type: "button", disabled: !inside(addDays(chosen, 1)), "aria-label": t("nextDay"), onclick: () => move(1) }, "→"))],
    { id: "curve", "data-date": chosen },
    hours === 24 ? null : h("p", { class: "note", id: "clock-change" }, t(hours < 24 ? "shortDay" : "longDay")),
    present.length ? curveChart(slots, { narrow: isNarrow(), label: `${t("curveHint")}, ${dayName(chosen)}`, gap: t("gap"), format: shortNumber, choose: versions }) : h("div", { class: "notice" }, notes.length ? notes.map((note) => h("p", {}, note)) : t("noCurve")),
    present.length > 0 && kindLegend(slots, "Mark"), present.length > 0 && notes.length > 0 && h("ul", { class: "why", "aria-label": t("why") }, notes.map((note) => h("li", {}, note))),
    present.length > 0 && h("dl", { class: "facts" }, fact(t("peak"), extreme(Math.max)), fact(t("lowest"), extreme(Math.min)), fact(t("received"), `${slots.filter(wasReceived).length} / ${slots.length}`)),
    h("details", {}, h("summary", {}, t("table")), h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": t("curve") },
      table([{ name: t("time") }, { name: t("power"), number: true }, { name: t("quality") }], slots.map((slot) => [h("button", { type: "button", class: "plain", "aria-haspopup": "dialog", "aria-label": t("versionsOf", { time: slot.time }), onclick: () => versions(slot) }, slot.time),
        slot.kw === null ? t("none") : `${number(slot.kw, 3)} kW`, qualityText(slot)])))), present.length > 0 && h("p", { class: "note" }, t("versionsHint"))));
}

function downloadCard(home) {
  const daily = `${home.base}/daily?from=${home.period.from}&to=${home.period.to}`;
  const readings = () => `${home.base}/readings?from=${home.chosen}&to=${addDays(home.chosen, 1)}`;
  const pair = (name, path) => [h("span", {}, name), h("div", { class: "set" },
    h("button", { type: "button", onclick: () => download(path(), "text/csv") }, t("csv")), h("button", { type: "button", onclick: () => download(path(), "application/json") }, t("json")))];
  return card(h("h2", {}, t("download")), { id: "download" }, h("div", { class: "downloads" }, pair(t("dailyData"), () => daily),
    home.point.collection === "half_hour" && home.chosen ? pair(t(home.point.energy === "gas" ? "gasReads" : "curveData"), readings) : null));
}

function accessCard(accesses) {
  const day = (date) => dayName(date, { day: "numeric", month: "short", year: "numeric" });
  const rows = accesses.map((row) => [moment(row.at), `${row.who} (${label("roles", row.role)})`, label("accessed", row.what), row.from ? `${day(row.from)} – ${day(addDays(row.to, -1))}` : t("none")]);
  return card(h("h2", {}, t("accesses")), { id: "accesses" }, h("p", { class: "note" }, t("accessesText")),
    rows.length ? h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": t("accesses") }, table([{ name: t("when") }, { name: t("whoCol") }, { name: t("what") }, { name: t("period") }], rows)) : h("p", {}, t("noAccess")));
}

// ---------------------------------------------------------------- lists

// Rows of a paged list that hold every word of the search, read page by page until there are enough.
function pagedList(path, items, wanted, draw) {
  const list = { rows: [], next: undefined, words: [], last: Promise.resolve() };
  const matching = () => list.rows.filter((row) => { const text = Object.values(row).join(" ").toLowerCase(); return list.words.every((word) => text.includes(word)); });
  const fill = async (count) => {
    for (let pages = 0; pages < 20 && list.next !== null && matching().length < count; ++pages) {
      const answer = await get(`${path}?limit=${list.words.length ? 1000 : 100}${list.next ? `&after=${encodeURIComponent(list.next)}` : ""}`);
      list.rows.push(...answer[items]);
      list.next = answer.next;
    }
    draw(matching().slice(0, count), list.next !== null || matching().length > count, () => list.fill(count + wanted));
  };
  // One after the other: two at once would read the same page twice.
  list.fill = (count) => (list.last = list.last.catch(() => {}).then(() => fill(count)));
  list.search = (text) => { list.words = text.toLowerCase().split(/\s+/).filter(Boolean); return list.fill(wanted); };
  return list;
}
const searchField = (hint, list) => h("input", { type: "search", id: "search", placeholder: hint, "aria-label": t("search"), oninput: (event) => list.search(event.target.value).catch(showFailure) });

async function listView(alive) {
  const rows = h("ul", { class: "choices" }), foot = h("div", { class: "bar-line" });
  const list = pagedList("/api/v1/usage-points", "usage_points", 50, (found, more, next) => {
    rows.replaceChildren(...(found.length ? found.map((point) => h("li", {}, h("button", { type: "button", "data-point": point.id, onclick: () => open(homeView, point.id) },
      h("strong", {}, point.site_name || point.id), h("span", { class: "quiet small" }, [t(point.energy), point.id, label("collections", point.collection), point.organisation, point.area].filter(Boolean).join(" · "))))) : [h("li", {}, t("noMatch"))]));
    foot.replaceChildren(h("span", { class: "quiet small" }, t("shown", { n: number(found.length) })), ...(more ? [h("button", { type: "button", onclick: next }, t("more"))] : []));
  });
  await list.fill(50);
  if (!alive()) return;
  if (list.rows.length === 1 && list.next === null && state.me.role !== "operator") return homeView(alive, list.rows[0].id);
  if (list.rows.length > 1 && list.rows.length <= 4 && list.next === null && state.me.role === "household") return bothView(alive, list.rows);
  state.several = true;
  show(h("div", { class: "title" }, state.me.role === "operator" && h("button", { type: "button", onclick: () => open(operatorView) }, `← ${t("meters")}`), h("h1", {}, t("choosePoint"))),
    card(null, { id: "points" }, searchField(t("search"), list), rows, foot));
}

// ---------------------------------------------------------------- operator and auditor

function stateCards(summary) {
  const counts = new Map(summary.meters_by_state.map((row) => [row.state, row.count]));
  const usual = ["on_time", "silent", "refused", "never_seen"];
  return h("div", { class: "states" }, Object.keys(state.words.meter_states).filter((name) => usual.includes(name) || counts.get(name) > 0).map((name) =>
    h("div", { class: `state ${name}`, "data-state": name, title: plain("meter_states", name) }, h("b", {}, number(counts.get(name) ?? 0)), h("span", {}, label("meter_states", name)), h("div", { class: "note" }, plain("meter_states", name)))));
}

function meterState(meter) {
  return h("span", {}, h("span", { class: `pill ${meter.state}`, title: plain("meter_states", meter.state) }, label("meter_states", meter.state)),
    meter.state_since && h("span", { class: "note" }, ` ${t("stateSince", { when: moment(meter.state_since) })}`));
}

function refusedCard(summary, latest) {
  const rows = [...summary].sort((a, b) => b.count - a.count);
  return card(h("h2", {}, t("refused")), { id: "refused" }, h("p", { class: "note" }, t("refusedText")),
    rows.length ? h("ul", { class: "reasons" }, rows.map((row) => h("li", { "data-reason": row.reason }, h("b", {}, row.count === null ? "" : number(row.count)), h("span", {}, h("strong", {}, label("frame_states", row.reason)), h("br"), h("span", { class: "note" }, plain("frame_states", row.reason)))))) : h("p", {}, t("refusedNone")),
    latest.length > 0 && h("details", {}, h("summary", {}, t("showLatest")), h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": t("showLatest") },
      table([{ name: t("when") }, { name: t("state") }, { name: t("address") }, { name: t("detail"), break: true }], latest.map((row) => [moment(row.received_at), label("frame_states", row.reason), row.system_title ?? row.peer, row.detail])))));
}

function gatewayCard(gateways) {
  return card(h("h2", {}, t("gateways")), { id: "gateways" }, gateways.length ? h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("gateways") },
    table([{ name: t("name") }, { name: t("lastBatch") }, { name: t("batches"), number: true }],
      gateways.map((row) => [[row.label, row.id].filter(Boolean).join(" · ") + (row.disabled_at ? ` (${t("disabled")})` : ""), moment(row.last_batch_at), number(row.acknowledged_up_to)]))) : h("p", {}, t("noGateway")));
}

function eventCard(events) {
  return card(h("h2", {}, t("events")), { id: "events" }, h("p", { class: "note" }, t("eventsText")), events.length ? h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": t("events") },
    table([{ name: t("when") }, { name: t("meter"), number: true }, { name: t("what") }, { name: t("detail"), break: true }, { name: t("handling") }],
      events.map((row) => [moment(row.at), row.meter, h("span", { title: row.plain?.[state.language] }, eventName(row)), row.detail, handlingCell("events", row, eventName(row), [h("p", {}, row.plain?.[state.language] ?? ""), h("p", { class: "note" }, `${t("meter")} ${row.meter} · ${moment(row.at)} ${row.detail}`)])]))) : h("p", {}, t("noEvent")));
}

async function operatorView(alive) {
  const rateSlot = h("div", {}), stateSlot = h("div", {}), refusedSlot = h("div", {}), sideSlot = h("div", {}), rows = h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("meters") }), foot = h("div", { class: "bar-line" });
  const refresh = async () => {
    const [summary, refused, { gateways }, { events }] = await Promise.all(["operations", "quarantine?limit=20", "gateways?limit=1000", "events?limit=50"].map((path) => get(`/api/v1/${path}`)));
    if (!alive()) return;
    const rate = summary.readings_last_minute / 60;
    rateSlot.replaceChildren(figure(t("rate"), number(rate, rate < 10 ? 1 : 0), null, `${t("rateHint")} · ${number(summary.readings_total)} ${t("totalReadings")}`, { class: "lead", id: "rate" }));
    stateSlot.replaceChildren(stateCards(summary));
    const wasOpen = refusedSlot.querySelector("details")?.open;
    refusedSlot.replaceChildren(refusedCard(summary.refused_by_reason, refused.quarantine));
    // Whoever is in the list by keyboard stays where he is.
    if (!isBusy(sideSlot)) sideSlot.replaceChildren(gatewayCard(gateways), eventCard(events));
    if (wasOpen) refusedSlot.querySelector("details").open = true;
    state.timer = setTimeout(() => refresh().catch(showFailure), 10000);
  };
  const list = pagedList("/api/v1/meters", "meters", 15, (found, more, next) => {
    rows.replaceChildren(found.length ? table([{ name: t("serial") }, { name: t("address") }, { name: t("usagePoint") }, { name: t("state") }, { name: t("lastSeen") }, { name: t("refused24"), number: true }],
      found.map((meter) => [meter.serial ?? t("none"), meter.address, meter.usage_point ?? t("none"), meterState(meter), moment(meter.last_accepted_at), number(meter.refused_24h)])) : h("p", {}, t("noMatch")));
    foot.replaceChildren(h("span", { class: "quiet small" }, t("shown", { n: number(found.length) })), ...(more ? [h("button", { type: "button", onclick: next }, t("more"))] : []));
  });
  await Promise.all([refresh(), list.fill(15)]);
  if (!alive()) return;
  show(h("div", { class: "title" }, h("h1", {}, t("meters")), h("button", { type: "button", onclick: () => open(listView) }, t("points"))),
    h("div", { class: "split" }, card(h("h2", {}, t("metersByState")), { id: "states" }, stateSlot), rateSlot), ...checkSlots(alive), refusedSlot,
    card(h("h2", {}, t("meters")), { id: "meters" }, searchField(t("searchMeters"), list), rows, foot), sideSlot);
}

async function auditorView(alive) {
  const refused = (await get("/api/v1/quarantine?limit=100")).quarantine;
  if (!alive()) return;
  const counts = new Map();
  for (const row of refused) counts.set(row.reason, (counts.get(row.reason) ?? 0) + 1);
  show(h("div", { class: "title" }, h("h1", {}, label("roles", "auditor")), h("button", { type: "button", onclick: () => open(listView) }, t("points"))),
    h("p", { class: "quiet" }, t("auditorText")), refusedCard([...counts].map(([reason, count]) => ({ reason, count })), refused));
}

// ---------------------------------------------------------------- sign-in and language

function signOut(message) {
  sessionStorage.removeItem("token");
  Object.assign(state, { token: "", me: null, several: false });
  ++state.view;
  clearTimeout(state.timer);
  document.getElementById("who").textContent = "";
  document.getElementById("sign-out").hidden = true;
  signInView(typeof message === "string" ? message : "");
}

function signInView(message) {
  state.again = () => signInView(message);
  const field = h("input", { type: "password", id: "token", autocomplete: "off", spellcheck: "false", required: true });
  const submit = (event) => { event.preventDefault(); if (field.value.trim()) useToken(field.value.trim()); };
  show(card(null, { class: "card signin" }, h("h1", {}, t("welcome")), h("p", { class: "quiet" }, t("welcomeText")),
    message && h("p", { class: "notice error", role: "alert" }, message),
    h("form", { onsubmit: submit }, h("label", {}, t("token"), field), h("button", { class: "main", type: "submit" }, t("open")))));
}

function useToken(token) {
  if (token !== sessionStorage.getItem("token")) sessionStorage.removeItem("place");
  sessionStorage.setItem("token", token);
  state.token = token;
  state.several = false;
  open(startView);
}

async function startView(alive) {
  state.words ??= await get("/api/v1/words");
  state.me = await get("/api/v1/me");
  if (!alive()) return;
  document.getElementById("who").textContent = `${state.me.label} · ${label("roles", state.me.role)}`;
  document.getElementById("sign-out").hidden = false;
  const kept = JSON.parse(sessionStorage.getItem("place")); // who reloads stays at the home he looked at
  if (kept) { state.several = kept.several; return open(homeView, ...kept.of); }
  const views = { operator: operatorView, auditor: auditorView };
  return open(views[state.me.role] ?? listView);
}

function setLanguage(language) {
  state.language = language;
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-word]")) element.textContent = t(element.dataset.word);
  for (const element of document.querySelectorAll("[data-word-label]")) element.setAttribute("aria-label", t(element.dataset.wordLabel));
  for (const name of ["en", "fr"]) document.getElementById(`lang-${name}`).setAttribute("aria-pressed", name === language);
  if (state.me) document.getElementById("who").textContent = `${state.me.label} · ${label("roles", state.me.role)}`;
}

// The token leaves the address bar at once, so that it is in no history, bookmark or screenshot.
function takeTokenFromAddress() {
  const found = /^#token=(.+)$/.exec(location.hash);
  if (!found) return null;
  history.replaceState(null, "", location.pathname);
  return decodeURIComponent(found[1]);
}

function start() {
  const stored = sessionStorage.getItem("language");
  setLanguage(stored ?? (navigator.language.toLowerCase().startsWith("fr") ? "fr" : "en"));
  for (const name of ["en", "fr"])
    document.getElementById(`lang-${name}`).addEventListener("click", () => { sessionStorage.setItem("language", name); setLanguage(name); state.again(); });
  document.getElementById("sign-out").addEventListener("click", signOut);
  const enter = () => { const token = takeTokenFromAddress(); if (token) useToken(token); return token; };
  window.addEventListener("hashchange", enter);
  if (enter()) return;
  const kept = sessionStorage.getItem("token");
  if (kept) useToken(kept); else signInView("");
}

start();
