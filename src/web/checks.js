"use strict";
// What stands in for readings and why: a household's reasons, versions and totals; an operator's morning and his lists.

// Times that belong to a report or to the collection as a whole are those of France, wherever the browser is.
const FRANCE = "Europe/Paris";

// How each quality is drawn that is not simply measured (MARKS in chart.js).
const KINDS = { estimated_linear: "estimated", estimated_reference_day: "estimated", derived: "estimated", edited: "edited", questionable: "doubtful" };
const UNREMARKABLE = ["valid", "raw"];

// ---------------------------------------------------------------- a day of a home

const dayRemark = (day) => (day.amount !== null && day.missing === 0 && KINDS[day.quality] ? `, ${t(`${KINDS[day.quality]}Part`)}` : "");

async function everyRow(path, items, pages = 10) {
  const rows = [];
  let next = "";
  for (let page = 0; page < pages && next !== null; ++page) {
    const answer = await get(`${path}${path.includes("?") ? "&" : "?"}limit=1000${next && `&after=${encodeURIComponent(next)}`}`);
    rows.push(...answer[items]);
    next = answer.next;
  }
  return rows;
}

// Gaps are read once for a home, newest first; a household has few.
async function loadReasons(home, date) {
  home.gaps ??= everyRow(`${home.base}/gaps`, "gaps");
  const [gaps, failures] = await Promise.all([home.gaps, everyRow(`${home.base}/failures?severity=doubt&from=${date}&to=${addDays(date, 1)}`, "failures")]);
  return { gaps, failures };
}

const touches = (row, from, to) => Date.parse(row.from) < to && Date.parse(row.to) > from;

// Says of each slot what is drawn of it and what was measured there, and gives sentences for what is not simply measured.
function explainSlots(slots, values, { gaps, failures, channel, step, kilo }) {
  const now = Date.now(), ofChannel = gaps.filter((gap) => gap.channel === channel), failed = failures.filter((row) => row.channel === channel);
  for (const slot of slots) {
    const reading = values.get(slot.at);
    slot.quality = reading?.quality ?? (slot.at + step > now ? "later" : "missing");
    slot.kind = KINDS[slot.quality];
    slot.measured = typeof reading?.measured === "number" ? reading.measured * kilo : null;
    slot.gap = slot.quality === "missing" ? ofChannel.find((gap) => touches(gap, slot.at, slot.at + step))?.state : undefined;
    if (slot.kw !== null) slot.label += `, ${qualityText(slot)}`;
  }
  const notes = [], told = new Set(), span = (from, to) => spanOfDay(slots, step, from, to);
  for (let from = 0; from < slots.length;) {
    let to = from;
    while (to < slots.length && slots[to].quality === slots[from].quality && slots[to].gap === slots[from].gap) ++to;
    const { quality, gap } = slots[from], start = slots[from].at, end = slots[to - 1].at + step;
    if (quality === "missing") notes.push(gapSentence(slots, span(start, end), from, to, gap));
    else if (quality !== "later" && !UNREMARKABLE.includes(quality)) {
      const doubts = failed.filter((row) => touches(row, start, end));
      doubts.forEach((row) => told.add(row.id));
      const plainRules = [...new Set(doubts.map((row) => plain("validation_rules", row.rule)))];
      const doubted = plainRules.length ? [quality === "questionable" ? plainRules.join(" ") : t("wasDoubted", { why: plainRules.join(" ") })] : [];
      notes.push(noteLine(span(start, end), label("qualities", quality), [...(quality === "questionable" && doubted.length ? [] : [plain("qualities", quality)]), ...doubted]));
    }
    from = to;
  }
  for (const row of failed) if (!told.has(row.id)) notes.push(noteLine(span(Date.parse(row.from), Date.parse(row.to)), label("validation_rules", row.rule), [plain("validation_rules", row.rule)]));
  return notes;
}

const noteLine = (span, name, sentences) => h("span", {}, h("strong", {}, `${span} · ${name}.`), ` ${sentences.join(" ")}`);
function spanOfDay(slots, step, from, to) {
  const first = slots[0].at, end = slots.at(-1).at + step;
  const index = (instant) => Math.min(Math.max(Math.round((instant - first) / step), 0), slots.length);
  return from <= first && to >= end ? t("allDay") : `${slots[Math.min(index(from), slots.length - 1)].time} – ${slots[index(to)]?.time ?? "24:00"}`;
}
function gapSentence(slots, span, from, to, gap) {
  const why = gap && `gap_${gap}` in PAGE_WORDS.en ? t(`gap_${gap}`) : "";
  if (from === 0 && to === slots.length) return t("gapDay", { why });
  const [start, end] = span.split(" – ");
  return t("gapSpan", { from: start, to: end, why });
}
const qualityText = (slot) => [slot.quality === "later" ? t("later_slot") : label("qualities", slot.quality), slot.measured !== null && `(${t("measuredWas", { v: `${number(slot.measured, 3)} kW` })})`].filter(Boolean).join(" ");

const wasReceived = (slot) => slot.kw !== null && (slot.measured !== null || !["estimated", "edited"].includes(slot.kind));

// of: slots or days with their kind; words: "Mark" for a part of a curve, "Part" for a day.
function kindLegend(of, words) {
  const kinds = Object.keys(MARKS).filter((kind) => of.some((one) => one.kind === kind));
  return kinds.length > 0 && h("div", { class: "legend marks" }, kinds.map((kind) => h("span", { class: kind }, h("b", { "aria-hidden": "true" }, MARKS[kind]), ` ${t(`${kind}${words}`)}`)));
}

// ---------------------------------------------------------------- dialogs, and where a value comes from

function showDialog(title, ...children) {
  const dialog = h("dialog", { "aria-labelledby": "dialog-title", onclose: () => dialog.remove() },
    h("div", { class: "card-head" }, h("h2", { id: "dialog-title" }, title), h("div", { class: "end" }, h("button", { type: "button", onclick: () => dialog.close() }, t("back")))), ...children);
  content().append(dialog);
  dialog.showModal();
  return dialog;
}

const authorOf = (version) => (version.method === "measured" ? t("byMeter") : version.author === "releve" ? t("byItself") : version.author);
// Our own reasons are names of rules or fixed sentences; what a person wrote is shown as it is.
function reasonOf(version) {
  if (version.author !== "releve") return version.reason ?? plain("revision_methods", version.method);
  const rules = (version.reason ?? "").split(", ");
  return rules.every((name) => wordsOf("validation_rules", name)) ? rules.map((name) => plain("validation_rules", name)).join(" ") : `${plain("revision_methods", version.method)} (${t(version.reason)})`;
}

async function showVersions(home, slot, step, kilo) {
  const { revisions } = await get(`${home.base}/revisions?at=${new Date(slot.at).toISOString().replace(".000", "")}`);
  if (!home.alive()) return;
  const stands = revisions.filter((one) => one.value !== null && one.superseded_by === null).sort((a, b) => (a.method === "measured") - (b.method === "measured"))[0];
  const since = (one) => {
    const next = revisions.find((other) => other.batch === one.superseded_by);
    const end = next ? t("until", { when: moment(next.known_from) }) : one.value !== null && one !== stands && t("replaced");
    return h("span", {}, moment(one.known_from), end && h("span", { class: "note" }, ` ${end}`));
  };
  const rows = revisions.map((one) => [since(one), one.value === null ? t("takenBack") : `${number(one.value * kilo, 3)} kW`, one.quality === null ? "" : label("qualities", one.quality), authorOf(one), reasonOf(one)]);
  showDialog(`${dayName(home.chosen)}, ${slot.time} – ${localTime(slot.at + step, home.zone)}`,
    rows.length ? h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("versions") },
      table([{ name: t("knownFrom") }, { name: t("value"), number: true }, { name: t("quality") }, { name: t("whoCol") }, { name: t("whyCol"), break: true }], rows, t("versions"))) : h("p", {}, t("noVersion")));
}

// ---------------------------------------------------------------- totals of a home

const TOTAL_PERIODS = { day: 30, week: 12, month: 12, year: 5 }; // how many are shown

// The first day of the first of the periods that end with the one `last` is in.
function firstOfTotals(period, last) {
  const [year, month] = last.split("-").map(Number), back = TOTAL_PERIODS[period] - 1;
  if (period === "day") return addDays(last, -back);
  if (period === "week") return addDays(last, -((new Date(`${last}T00:00:00Z`).getUTCDay() + 6) % 7) - 7 * back);
  return new Date(period === "month" ? Date.UTC(year, month - 1 - back, 1) : Date.UTC(year - back, 0, 1)).toISOString().slice(0, 10);
}

function totalName(period, row) {
  const last = addDays(row.to, -1);
  const options = { day: { weekday: "short", day: "numeric", month: "short", year: "numeric" }, month: { month: "long", year: "numeric" }, year: { year: "numeric" } };
  const name = period === "week" ? `${shortDay(row.from)} – ${dayName(row.whole ? last : addDays(row.from, 6), { day: "numeric", month: "short", year: "numeric" })}` : dayName(row.from, options[period]);
  return row.whole ? name : `${name} (${t("upTo", { date: shortDay(last) })})`;
}

function totalRemark(row, injects) {
  const days = (Date.parse(row.to) - Date.parse(row.from)) / 86400000;
  const told = (total) => [["daysWithout", days - total.days], ["slotsWithout", total.missing], ["slotsEstimated", total.estimated]].filter(([, count]) => count > 0).map(([word, n]) => t(word, { n: number(n) })).join(" · ");
  const [drawn, injected] = [told(row.drawn), injects && row.injected ? told(row.injected) : ""];
  return [drawn, injected && `${t("injected")}${t("colon")}${injected}`].filter(Boolean).join(" · ") || t("complete");
}

function totalsTable(period, rows) {
  const energy = (wh) => (wh === null || wh === undefined ? t("none") : energyText(wh)), known = rows.filter((row) => row.drawn && row.drawn.energy_wh !== null);
  if (known.length === 0) return h("p", {}, t("noTotals"));
  const injects = known.some((row) => row.injected && row.injected.energy_wh !== null);
  return h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": t("totals") },
    table([{ name: t("period") }, { name: t("drawn"), number: true }, ...(injects ? [{ name: t("injected"), number: true }, { name: t("net"), number: true }] : []), { name: t("remarks") }],
      known.reverse().map((row) => [totalName(period, row), energy(row.drawn.energy_wh), ...(injects ? [energy(row.injected?.energy_wh), energy(row.net_wh)] : []), totalRemark(row, injects)])));
}

// Up to the last whole day of what the page shows.
function totalsCard(home) {
  if (home.point.energy !== "electricity") return null;
  const to = [home.period.to, localDate(Date.now(), home.zone)].sort()[0], slot = h("div", {});
  const choose = async (period) => {
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.period === period);
    const { totals } = await get(`${home.base}/totals?period=${period}&from=${firstOfTotals(period, addDays(to, -1))}&to=${to}`);
    if (home.alive() && buttons.some((button) => button.dataset.period === period && button.getAttribute("aria-pressed") === "true")) slot.replaceChildren(totalsTable(period, totals));
  };
  const buttons = Object.keys(TOTAL_PERIODS).map((period) => h("button", { type: "button", "data-period": period, onclick: () => choose(period).catch(showFailure) }, t(`per_${period}`)));
  choose("month").catch(showFailure);
  return card([h("h2", {}, t("totals")), h("div", { class: "end" }, h("div", { class: "switch", role: "group", "aria-label": t("totals") }, buttons))], { id: "totals" },
    h("p", { class: "note" }, t("totalsText", { date: dayName(addDays(to, -1)) })), slot);
}

// ---------------------------------------------------------------- an operator: what was done about it

const eventNames = new Map(); // kind -> name, from the events that were shown: a report says kinds only
function eventName(row) {
  const name = row.name?.[state.language] ?? eventNames.get(`${state.language} ${row.kind}`) ?? row.kind.replaceAll("_", " ");
  eventNames.set(`${state.language} ${row.kind}`, name);
  return name;
}

const isBusy = (slot) => slot.contains(document.activeElement) || document.querySelector("dialog") !== null;

function handlingCell(of, row, title, facts) {
  if (row.handling === null) return ""; // what operators do is shown to operators
  const step = row.handling.at(-1)?.step;
  const pill = h("span", { class: "pill" }, step ? label("handling_steps", step) : "");
  const opened = () => showHandling(of, row, title, facts, (rows) => { row.handling = rows; pill.textContent = label("handling_steps", rows.at(-1).step); }).catch(showFailure);
  return h("div", { class: "handling" }, h("button", { type: "button", "aria-label": `${t("look")}: ${title} ${row.id}`, onclick: opened }, t("look")), pill);
}

// Shows what was done; posts what is done now. What the server refuses is said in the dialog, and the note stays.
async function showHandling(of, { id, handling }, title, facts, done) {
  const note = h("textarea", { rows: 3, maxlength: 500 }), said = h("p", { role: "alert", class: "small" }), history = h("div", {}), steps = h("div", { class: "bar-line" });
  const send = async (step) => {
    try { draw((await post(`/api/v1/${of}/${id}/handling`, { step, note: note.value.trim() })).handling); }
    catch (problem) { if (problem.status === 401) return showFailure(problem); said.textContent = [problem.message, problem.detail].filter(Boolean).join(" "); }
  };
  const draw = (rows, first = false) => {
    const last = rows.filter((row) => row.step !== "noted").at(-1)?.step;
    history.replaceChildren(rows.length ? table([{ name: t("when") }, { name: t("state") }, { name: t("whoCol") }, { name: t("note"), break: true }], rows.map((row) => [moment(row.at), label("handling_steps", row.step), row.who, row.note ?? ""])) : "");
    steps.replaceChildren(...(last === "closed" ? ["noted", "reopened"] : ["taken", "noted", "closed"]).map((step) => h("button", { type: "button", "data-step": step, onclick: () => send(step) }, t(`do_${step}`))));
    if (rows.length) done(rows);
    if (first) return;
    note.value = said.textContent = "";
    steps.firstChild.focus();
  };
  draw(handling, true);
  showDialog(title, ...facts, history, h("label", { class: "field" }, t("note"), note), steps, said);
}

// ---------------------------------------------------------------- an operator: lists

const spanInFrance = (from, to) => {
  const [start, end] = [Date.parse(from), Date.parse(to)], day = { weekday: "short", day: "numeric", month: "short", year: "numeric" }, on = localDate(start, FRANCE);
  if (start === startOfDay(on, FRANCE) && end === startOfDay(addDays(on, 1), FRANCE)) return dayName(on, day);
  const until = localDate(end, FRANCE);
  return `${dayName(on, day)}, ${localTime(start, FRANCE)} – ${until === on ? "" : `${dayName(until, day)}, `}${localTime(end, FRANCE)}`;
};

// A card whose content is asked for on its own: if it fails, the rest of the page stands.
function slotCard(title, id, alive, load, tools = null) {
  const slot = h("div", { "aria-live": "off" }), again = async (more) => {
    try { const made = await load(more); if (alive()) slot.replaceChildren(...[made].flat().filter(Boolean)); }
    catch (problem) {
      if (!alive()) return;
      if (problem.status === 401) return showFailure(problem);
      if (!(problem instanceof Problem)) console.error(problem);
      slot.replaceChildren(h("p", { class: "notice error", role: "alert" }, problem instanceof Problem ? [problem.message, problem.detail].filter(Boolean).join(" ") : t("failed")));
    }
  };
  again();
  const button = h("button", { type: "button", onclick: () => again() }, t("refresh"));
  return { again, element: card([h("h2", {}, title), h("div", { class: "end" }, tools, button)], { id }, slot) };
}
const choice = (name, values, onchange) => h("select", { "aria-label": name, onchange }, values.map(([value, text]) => h("option", { value }, text)));
const scrolled = (name, ...children) => h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": name }, ...children);

// A paged list that can be narrowed to one row of a table of words; the chosen one is explained.
function narrowedCard(alive, { title, id, path, items, field, words, columns, row, none }) {
  const list = { rows: [], next: "" };
  const select = choice(t("narrow"), [["", t("all")], ...Object.keys(state.words[words]).map((name) => [name, label(words, name)])], () => made.again());
  const load = async (more) => {
    if (!more) Object.assign(list, { rows: [], next: "" });
    const chosen = select.value, after = list.next;
    const answer = await get(`${path}?limit=25${chosen && `&${field}=${chosen}`}${after && `&after=${encodeURIComponent(after)}`}`);
    if (chosen === select.value && after === list.next) { // else another question was asked meanwhile
      list.rows.push(...answer[items].map(row));
      list.next = answer.next;
    }
    return [chosen && h("p", { class: "note" }, plain(words, chosen)), list.rows.length ? scrolled(title, table(columns, list.rows)) : h("p", {}, none),
      h("div", { class: "bar-line" }, h("span", { class: "quiet small" }, t("shown", { n: number(list.rows.length) })), list.next && h("button", { type: "button", onclick: () => made.again(true) }, t("more")))];
  };
  const made = slotCard(title, id, alive, load, select);
  return made.element;
}

function failureRow(row) {
  const name = label("validation_rules", row.rule), facts = Object.entries({ ...row.limits, ...row.facts });
  const value = row.value === null ? t("none") : `${shortNumber(row.value)} ${row.unit ?? ""}`;
  const details = [h("p", {}, plain("validation_rules", row.rule)), h("p", { class: "note" }, `${spanInFrance(row.from, row.to)} · ${t("meter")} ${row.meter} · ${row.channel.replaceAll("_", " ")} · ${t("value")} ${value}`),
    facts.length > 0 && h("p", { class: "note" }, facts.map(([fact, figure]) => `${fact.replaceAll("_", " ")}: ${typeof figure === "number" ? shortNumber(figure) : figure}`).join(" · "))].filter(Boolean);
  return [h("span", { title: plain("validation_rules", row.rule) }, name), h("span", { title: plain("severities", row.severity) }, label("severities", row.severity)), spanInFrance(row.from, row.to), row.usage_point || t("none"), value, handlingCell("failures", row, name, details)];
}
const failuresCard = (alive) => narrowedCard(alive, { title: t("failures"), id: "failures", path: "/api/v1/failures", items: "failures", field: "rule", words: "validation_rules", none: t("noFailure"), row: failureRow,
  columns: [{ name: t("rule") }, { name: t("severity") }, { name: t("when") }, { name: t("usagePoint") }, { name: t("value"), number: true }, { name: t("handling") }] });
const gapRow = (row) => [spanInFrance(row.from, row.to), h("span", { title: plain("gap_states", row.state) }, label("gap_states", row.state)), row.meter, row.usage_point || t("none"), row.next_look_at ? moment(row.next_look_at) : t("none"), row.kept_until ? moment(row.kept_until) : t("none")];
const gapsCard = (alive) => narrowedCard(alive, { title: t("gaps"), id: "gaps", path: "/api/v1/gaps", items: "gaps", field: "state", words: "gap_states", none: t("noGap"), row: gapRow,
  columns: [{ name: t("when") }, { name: t("state") }, { name: t("meter"), number: true }, { name: t("usagePoint") }, { name: t("nextLook") }, { name: t("keptUntil") }] });

const percentText = (rate) => (rate.percent === null ? t("none") : `${number(rate.percent, 1)} %`);
function collectionCard(alive) {
  const yesterday = addDays(localDate(Date.now(), FRANCE), -1);
  const by = choice(t("by"), ["hour", "concentrator", "area", "group", ""].map((name) => [name, t(`by_${name || "all"}`)]), () => made.again());
  const date = h("input", { type: "date", "aria-label": t("date"), value: yesterday, max: addDays(yesterday, 1), onchange: () => made.again() });
  const load = async () => {
    const { rates } = await get(`/api/v1/collection?date=${date.value || yesterday}${by.value && `&by=${by.value}`}`);
    return rates.length ? scrolled(t("collection"), table([{ name: t(`by_${by.value || "all"}`) }, { name: t("meters"), number: true }, { name: t("arrived"), number: true }, { name: t("expected"), number: true }, { name: "%", number: true }],
      rates.map((rate) => [rate.of ?? t("by_all"), number(rate.meters), number(rate.arrived), number(rate.expected), percentText(rate)]))) : h("p", {}, t("nothingExpected"));
  };
  const made = slotCard(t("collection"), "collection", alive, load, [by, date]);
  return made.element;
}

function breachesCard(alive) {
  return slotCard(t("breaches"), "breaches", alive, async () => {
    const { breaches } = await get("/api/v1/breaches?limit=100");
    return [h("p", { class: "note" }, t("breachesText")), breaches.length ? scrolled(t("breaches"), table([{ name: t("what") }, { name: t("ofWhat") }, { name: t("date") }, { name: t("expected"), number: true }, { name: t("found"), number: true }, { name: t("foundAt") }],
      breaches.map((row) => [h("span", { title: plain("breach_kinds", row.kind) }, label("breach_kinds", row.kind)), row.group ? `${t("by_group")} ${row.group}` : `${t("meter")} ${row.meter}`, dayName(row.day, { day: "numeric", month: "short", year: "numeric" }), number(row.expected), number(row.found), moment(row.found_at)]))) : h("p", {}, t("noBreach"))];
  }).element;
}

function jobsCard(alive) {
  const name = (row) => [`job_${row.kind}` in PAGE_WORDS.en ? t(`job_${row.kind}`) : row.kind, row.group].filter(Boolean).join(" · ");
  return slotCard(t("jobs"), "jobs", alive, async () => {
    const { jobs } = await get("/api/v1/jobs?limit=50");
    return jobs.length ? scrolled(t("jobs"), table([{ name: t("what") }, { name: t("state") }, { name: t("progress") }, { name: t("askedBy") }, { name: t("when") }, { name: t("detail"), break: true }],
      jobs.map((row) => [name(row), h("span", { title: plain("job_states", row.state) }, label("job_states", row.state)), h("span", {}, h("progress", { max: row.total || 1, value: row.done, "aria-label": name(row) }), ` ${number(row.done)} / ${number(row.total)}`),
        row.asked_by, moment(row.finished_at ?? row.asked_at), row.detail ?? ""]))) : h("p", {}, t("noJob"));
  }).element;
}

// ---------------------------------------------------------------- an operator: the morning

function outageLine(outage, to) {
  const time = (at) => (localDate(Date.parse(at), FRANCE) === localDate(Date.parse(to), FRANCE) ? "" : `${shortDay(localDate(Date.parse(at), FRANCE))} `) + localTime(Date.parse(at), FRANCE);
  const place = outage.kind ? `${label("place_kinds", outage.kind)} ${outage.place}` : t("noPlace"), alone = !outage.kind && (outage.meters === 1 ? "aloneOne" : "alone");
  const gasps = t(outage.last_gasps === 0 ? "noGasps" : outage.last_gasps === 1 ? "gaspsOne" : "gasps", { n: number(outage.last_gasps) });
  const heard = outage.restored === 0 || !outage.first_restored_at ? t("notHeard") : t(outage.restored === 1 ? "heardOne" : "heard", { n: number(outage.restored), from: time(outage.first_restored_at), to: time(outage.last_restored_at ?? outage.first_restored_at) });
  const listed = outage.members.length < outage.meters ? t("firstMembers", { n: number(outage.members.length), of: number(outage.meters) }) : t("members");
  return h("li", { "data-place": outage.place, "data-cause": outage.cause }, h("span", { class: "pill", title: plain("outage_causes", outage.cause) }, label("outage_causes", outage.cause)),
    h("div", {}, h("p", {}, h("strong", {}, place), t(alone || (outage.meters === 1 ? "outageOne" : "outage"), { since: time(outage.since), n: number(outage.meters), of: number(outage.of), gasps, heard })),
      h("details", {}, h("summary", {}, listed), h("p", { class: "small" }, outage.members.join(", ")))));
}

function rateLine({ collection, collection_week_before: before }) {
  const days = { d: dayName(collection.day, { weekday: "long", day: "numeric", month: "long" }), before: dayName(before.day, { weekday: "long", day: "numeric", month: "long" }) };
  if (collection.percent === null) return t("rateNone", days);
  const line = t("rateLine", { ...days, p: percentText(collection), n: number(collection.arrived), of: number(collection.expected) });
  return before.percent === null ? line : `${line} ${t("rateBefore", { ...days, p: percentText(before) })}`;
}

function morningCard(alive) {
  return slotCard(t("morning"), "morning", alive, async () => {
    const report = await get("/api/v1/reports/morning");
    const counted = (rows, name) => rows.map((row) => `${number(row.count)} × ${name(row)}`).join(", ");
    const states = report.gaps.by_state.map((row) => `${number(row.count)} × ${label("gap_states", row.state)}`).join(", ");
    const fact = (name, value) => h("div", {}, h("dt", {}, t(name)), h("dd", {}, value));
    return [h("p", { class: "note" }, t("morningText", { from: spanInFrance(report.from, report.to) })),
      h("p", { class: "sum" }, report.stopped === 0 ? t("noneStopped", { of: number(report.meters) })
      : t(report.stopped === 1 ? "stoppedOne" : "stopped", { n: number(report.stopped), of: number(report.meters), back: t(["returnedNone", "returnedOne"][report.restored] ?? "returned", { n: number(report.restored) }) })),
      report.outages.length > 0 && h("ul", { class: "outages" }, report.outages.map((outage) => outageLine(outage, report.to))),
      h("dl", { class: "facts tall" }, fact("collection", rateLine(report)), fact("gaps", t("gapsLine", { open: number(report.gaps.open), closed: number(report.gaps.closed), states: states && `: ${states}` })),
        fact("events", counted(report.events, eventName) || t("noEvent")))];
  }).element;
}

const checkSlots = (alive) => [morningCard(alive), collectionCard(alive), failuresCard(alive), gapsCard(alive), breachesCard(alive), jobsCard(alive)];
