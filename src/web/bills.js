"use strict";
// The bill of a home: of a month so far, worked out now, and those that are kept. Every figure is the server's own: numbers stay
// the digits that it sent, and nothing is added up here.

const openTab = window.open.bind(window); // before app.js gives the name to its own function

const exact = (text) => JSON.parse(text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, (part) => (part.startsWith('"') ? part : `"${part}"`)));
const getExact = async (path) => exact(await (await request(path, "application/json")).text());
const placesOf = (digits) => (String(digits).split(".")[1] ?? "").length;
const euros = (digits, options = {}) => new Intl.NumberFormat(locale(), { style: "currency", currency: "EUR", ...options }).format(digits);
// As many decimals as the price has: 0.2700 is not 0.27 to who compares with the tariff.
const priceEuros = (digits) => { const places = Math.max(2, placesOf(digits)); return euros(digits, { minimumFractionDigits: places, maximumFractionDigits: places }); };
const signedEuros = (digits) => euros(digits, { signDisplay: "exceptZero" });
const cents = (digits) => BigInt(digits.replace(".", "")); // the server writes two decimals
const digitsText = (digits) => new Intl.NumberFormat(locale(), { minimumFractionDigits: placesOf(digits), maximumFractionDigits: placesOf(digits) }).format(digits);
const kwhText = (digits) => `${digitsText(digits)} kWh`;
// A thousandth of it, by its point alone: registers count Wh and dm³, their displays show kWh and m³.
function thousandth(digits) {
  const [, sign, whole, part] = /^(-?)(\d+)\.?(\d*)$/.exec(digits), padded = whole.padStart(4, "0");
  return `${sign}${padded.slice(0, -3)}.${padded.slice(-3)}${part}`.replace(/\.?0+$/, "");
}

// ---------------------------------------------------------------- words of a bill

const own = (words) => words?.[state.language] ?? "";
const hasWord = (key) => key in PAGE_WORDS.en;
const unitText = (unit, digits = "") => t([digits === "1" && `unit_${unit}_one`, `unit_${unit}`].find((key) => key && hasWord(key)) ?? unit);
const quantityText = (line) => (line.unit === "EUR" ? euros(line.quantity) : `${digitsText(line.quantity)} ${unitText(line.unit, line.quantity)}`);
const priceText = (line) => (line.price_unit.startsWith("EUR") ? `${priceEuros(line.price)}${unitText(line.price_unit)}` : `${digitsText(line.price)} ${unitText(line.price_unit)}`);
// VAT that prices contain is a share of them with it: rate / (100 + rate).
const isWithin = (line) => line.contained && line.section === "vat" && line.price_unit === "%";
// A yearly price is not simply multiplied by days.
const factsText = (line) => `${quantityText(line)} ${line.divisor === "1" && line.unit !== "kW2" && !isWithin(line) ? "×" : "·"} ${priceText(line)}`;

function workingText(line) {
  const root = line.unit === "kW2", each = line.unit_price_eur === null ? "" : ` = ${priceEuros(line.unit_price_eur)}${root ? unitText("EUR/kW") : ""}${t("semicolon")}`;
  const rate = digitsText(line.price), year = line.price_unit === "EUR/month" ? " × 12" : ""; // a month's price is twelfths of a year's
  if (isWithin(line)) return `${quantityText(line)} × ${rate} / (100 + ${rate}) = ${euros(line.amount_eur)}`;
  const divided = line.divisor === "1" || root ? "" : `${year} / ${line.divisor}`;
  return `${priceText(line)}${divided}${each} × ${root ? t("rootOf", { v: digitsText(line.quantity) }) : quantityText(line)} = ${euros(line.amount_eur)}`;
}

function lineName(line) {
  const name = own(line.words.label), part = own(line.time_class_words?.label);
  return part && !name.includes(part) ? `${name}, ${part}` : name;
}

// Of a day as much as is wanted: 10 "2024-03-01", 7 without its year, 0 the number alone.
const DAY_PARTS = { 10: { day: "numeric", month: "long", year: "numeric" }, 7: { day: "numeric", month: "long" }, 0: { day: "numeric" } };
const fullDay = (date, parts = 10) => dayName(date, DAY_PARTS[parts]).replace(/^1(?= |$)/, state.language === "fr" ? "1er" : "1");
const lastDay = (span) => addDays(span.to, -1);
const monthOf = (span) => (span.from.slice(0, 7) === lastDay(span).slice(0, 7) ? span.from.slice(0, 7) : null);
// What both ends have in common is said once, and with `parts` 0 not at all.
function spanText(span, parts = 10) {
  const last = lastDay(span);
  if (span.from === last) return fullDay(last, parts);
  const shared = monthOf(span) ? 0 : span.from.slice(0, 4) === last.slice(0, 4) ? 7 : 10;
  return t("spanOfDays", { from: fullDay(span.from, shared), to: fullDay(last, parts) });
}
// A whole month by its name.
const periodText = (span) => (span.from.endsWith("-01") && span.to === `${monthBefore(span.from.slice(0, 7), -1)}-01` ? monthName(span.from.slice(0, 7)) : spanText(span));

// "3, 7 to 9 March 2024": neighbours as one, and a month once.
function daysText(days) {
  const spans = [];
  for (const day of days) {
    if (spans.at(-1)?.to === day) spans.at(-1).to = addDays(day, 1);
    else spans.push({ from: day, to: addDays(day, 1) });
  }
  return spans.map((span, i) => spanText(span, spans[i + 1] && monthOf(span) && monthOf(span) === monthOf(spans[i + 1]) ? 0 : 10)).join(", ");
}
const restsText = (bill) => t(`rests_${bill.rests_on}`, { days: daysText(bill.estimated_days) });

function playedText(bill) {
  const years = /^curve of (\d+), played as (\d+)$/.exec(bill.played ?? "");
  return years ? t("played", { of: years[1], as: years[2] }) : bill.played;
}
const playedNotice = (bill) => bill.played && h("p", { class: "notice played" }, playedText(bill));

const refusal = (problem, ...sentences) => {
  if (!(problem instanceof Problem)) console.error(problem);
  return h("div", { class: "notice refusal", role: "alert", "data-problem": problem.name }, h("p", {}, h("strong", {}, problem instanceof Problem ? problem.message : t("failed"))),
    ...sentences, problem.detail && h("p", { class: "small" }, problem.detail));
};
// Without a contract there is no bill, and somebody can do something about it.
const billRefusal = (problem, ...more) =>
  problem.name === "contract_hole" ? refusal(problem, h("p", {}, t("noContract")), h("p", {}, t(state.me.role === "household" ? "whoRecords" : "howRecorded")), ...more)
  : refusal(problem, problem.status === 422 && h("p", {}, t("noBillNow")));

// Fills a part of a card by itself: what is refused is said there, and the rest of the page stands. The last one asked for wins.
function billSlot(alive, refused = billRefusal) {
  const slot = h("div", { "aria-live": "off" });
  let asked = 0;
  const fill = async (make) => {
    const mine = ++asked, current = () => alive() && mine === asked;
    slot.setAttribute("aria-busy", "true");
    let made;
    try { made = await make(); }
    catch (problem) {
      if (!current()) return;
      if (problem.status === 401) return showFailure(problem);
      made = await refused(problem);
    }
    if (!current()) return;
    slot.removeAttribute("aria-busy");
    slot.replaceChildren(...[made].flat(2).filter(Boolean));
  };
  return { slot, fill };
}

// ---------------------------------------------------------------- lines

function sourceText(source, home) {
  const quality = label("qualities", source.quality), span = spanText(source);
  if (source.kind === "intervals") return t(source.estimated === "0" ? "restsOnCurve" : "restsOnEstimates", { n: digitsText(source.intervals), e: digitsText(source.estimated), span, quality });
  return t("restsOnIndex", { span, quality, from: indexText(source, source.index_from, home), to: indexText(source, source.index_to, home) });
}
const indexText = (source, digits, home) =>
  source.kind === "published_gas" ? `${digitsText(digits)} m³` : `${digitsText(thousandth(digits))} ${home.point.energy === "gas" ? "m³" : "kWh"}`;

function billLine(line, bill, home, stored) {
  const sources = line.sources.map((index) => bill.sources[index]).filter(Boolean);
  const { slot, fill } = billSlot(home.alive);
  const whole = line.from === bill.from && line.to === bill.to;
  const sentences = new Set([own(line.words.plain), own(line.time_class_words?.plain)].filter((sentence) => sentence && sentence !== own(line.words.label)));
  return h("li", { "data-component": line.component, "data-line": line.line }, h("details", {},
    h("summary", {}, h("span", { class: "what" }, h("span", {}, lineName(line)), h("span", { class: "note" }, [factsText(line), !whole && spanText(line)].filter(Boolean).join(" · "))),
      h("span", { class: "amount" }, euros(line.amount_eur))),
    h("div", { class: "explained" }, [...sentences].map((sentence) => h("p", {}, sentence)),
      h("dl", { class: "facts tall" }, [[t("working"), workingText(line)], [t("ofDays"), spanText(line)], sources.length > 0 && [t("restsOn"), h("ul", {}, sources.map((source) => h("li", {}, sourceText(source, home))))]].filter(Boolean)
        .map(([name, value]) => h("div", {}, h("dt", {}, name), h("dd", {}, value)))),
      line.source && h("details", { class: "price-from" }, h("summary", {}, t("priceFrom")), h("p", { class: "note" }, line.source)),
      stored && sources.length > 0 && h("button", { type: "button", "aria-label": t("readingsOf", { what: lineName(line) }), onclick: () => fill(() => lineReadings(line, bill, home)) }, t("itsReadings")), slot)));
}

// The readings a kept bill's line rests on, as they were known when it was made.
async function lineReadings(line, bill, home) {
  const { readings } = await getExact(`${home.base}/bills/${bill.id}/explain?line=${line.line}`);
  if (readings.length === 0) return h("p", {}, t("noReadings"));
  const when = (at) => new Date(at).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short", timeZone: home.zone });
  const quantity = (row) => {
    if (row.index_to === null) return row.energy_wh === null ? t("none") : `${digitsText(row.energy_wh)} Wh`;
    return `${indexText({}, row.index_from, home)} → ${indexText({}, row.index_to, home)}`;
  };
  const start = (row) => (row.at.includes("T") ? when(row.at) : dayName(row.at, { day: "numeric", month: "short", year: "numeric" }));
  return h("div", { class: "scroll tall", tabindex: 0, role: "region", "aria-label": t("readingsOf", { what: lineName(line) }) },
    table([{ name: t("from") }, { name: t("value"), number: true }, { name: t("quality") }, { name: t("meter"), number: true }],
      readings.map((row) => [start(row), quantity(row), label("qualities", row.quality_of_day), row.meter ?? t("none")]), t("readingsKnown", { n: digitsText(readings.length) })));
}

function lineSections(lines, bill, home, stored) {
  const sections = [...new Set(lines.map((line) => line.section))];
  return sections.map((section) => h("section", { class: "bill-part", "data-section": section }, h("h3", {}, t(`section_${section}`)),
    h("ul", { class: "bill-lines" }, lines.filter((line) => line.section === section).map((line) => billLine(line, bill, home, stored)))));
}

// ---------------------------------------------------------------- a bill, computed or kept

// Names of tariffs, asked for once; without them a contract is named by its tariff's id.
let tariffNames = null;
const namedTariffs = () => (tariffNames ??= get("/api/v1/tariffs").then(({ documents }) => new Map(documents.map((row) => [row.id, row])))
  .catch(() => { tariffNames = null; return new Map(); }));

function contractText(contract, names, bill) {
  const powers = contract.subscribed_powers_kva.map(digitsText).join(" / ");
  const name = names.get(contract.tariff)?.[`label_${state.language}`] ?? contract.tariff;
  return [name, powers && `${powers} ${bill.lines.some((line) => line.price_unit === "EUR/kW/year") ? "kW" : "kVA"}`, bill.contracts.length > 1 && spanText(contract)].filter(Boolean).join(" · ");
}

// What a calendar calls its hours, and which of the meter's registers counts them.
const calendars = new Map();
function calendarClasses(id) {
  if (!calendars.has(id)) calendars.set(id, get(`/api/v1/tariffs/${encodeURIComponent(id)}`).then(({ classes }) => classes ?? []).catch(() => { calendars.delete(id); return []; }));
  return calendars.get(id);
}
const calendarsOf = (bill) => [...new Set(bill.lines.map((line) => line.calendar).concat(bill.checks.map((row) => row.calendar)).filter(Boolean))];

function className(bill, check, classes) {
  const line = bill.lines.find((one) => one.calendar === check.calendar && one.time_class === check.time_class);
  return own(line?.time_class_words?.label) || own(classes.find((one) => one.id === check.time_class)?.label) || check.time_class;
}
function checksTable(bill, classes) {
  return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": t("registerChecks") }, h("p", { class: "note" }, t("registerChecksText")),
    table([{ name: t("what") }, { name: t("period") }, { name: t("registerSays"), number: true }, { name: t("curveSays"), number: true }, { name: t("difference"), number: true }],
      bill.checks.map((row) => [className(bill, row, classes) || t("allDay"), spanText(row), kwhText(row.register_kwh), kwhText(row.curve_kwh), kwhText(row.difference_kwh)])));
}

async function billBody(bill, home, stored = false) {
  const [names, ...found] = await Promise.all([namedTariffs(), ...calendarsOf(bill).map(calendarClasses)]), classes = found.flat();
  const due = bill.lines.filter((line) => !line.contained), contained = bill.lines.filter((line) => line.contained);
  return [playedNotice(bill),
    h("p", { class: "rests", "data-rests": bill.rests_on }, restsText(bill)),
    h("p", { class: "bill-total" }, h("strong", {}, euros(bill.total_eur)), " ", h("span", { class: "quiet" }, t("allTaxes", { kwh: kwhText(bill.energy_kwh) }))),
    h("p", { class: "note" }, [t("beforeVat", { v: euros(bill.before_vat_eur) }), ...bill.contracts.map((one) => contractText(one, names, bill))].join(" · ")),
    h("p", { class: "note" }, t("linesHint")),
    ...lineSections(due, bill, home, stored),
    contained.length > 0 && h("details", { class: "contained" }, h("summary", {}, t("containedTitle")), h("p", { class: "note" }, t("containedText")), ...lineSections(contained, bill, home, stored)),
    bill.checks.length > 0 && h("details", {}, h("summary", {}, t("registerChecks")), checksTable(bill, classes)),
    bill.remarks.length > 0 && h("details", {}, h("summary", {}, t("billRemarks")), h("ul", { class: "why" }, bill.remarks.map((remark) => h("li", {}, remark)))),
    comparison(bill, home, stored), wrongButton(bill, home, stored, names, classes)];
}

// ---------------------------------------------------------------- compared with another time

function comparison(bill, home, stored) {
  const { slot, fill } = billSlot(home.alive, (problem) => refusal(problem, h("p", {}, t("cannotCompare"))));
  const path = stored ? `${home.base}/bills/${bill.id}/compare?` : `${home.base}/bill/compare?from=${bill.from}&to=${bill.to}&`;
  const choose = (other) => {
    for (const button of buttons) button.setAttribute("aria-pressed", button.dataset.with === other);
    return fill(async () => comparedText(await getExact(`${path}with=${other}`), bill));
  };
  const buttons = ["previous", "same_period_last_year"].map((other) => h("button", { type: "button", "data-with": other, "aria-pressed": "false", onclick: () => choose(other) }, t(`with_${other}`)));
  choose("previous");
  return h("section", { class: "compared" }, h("div", { class: "card-head" }, h("h3", {}, t("comparedWith")), h("div", { class: "switch", role: "group", "aria-label": t("comparedWith") }, buttons)), slot);
}

function comparedText({ before, now, difference_eur, parts }, bill) {
  const total = cents(difference_eur), sum = parts.reduce((all, part) => all + cents(part.amount_eur), 0n);
  const which = total > 0n ? "costsMore" : total < 0n ? "costsLess" : "costsSame";
  return [h("p", {}, t(which, { v: euros(difference_eur.replace("-", "")), before: euros(before.total_eur), now: euros(now.total_eur), span: periodText(before) })),
    before.rests_on !== "read" && h("p", { class: "note" }, t("beforeEstimated")), bill.played && h("p", { class: "note" }, playedText(bill)),
    parts.length > 0 && h("ul", { class: "parts" }, parts.map((part) => h("li", { "data-part": part.part }, h("span", {}, h("strong", {}, own(part.label)), h("span", { class: "note" }, own(part.sentence))), h("span", { class: "amount" }, signedEuros(part.amount_eur)))),
      h("li", { class: "sum" }, h("strong", {}, t("together")), h("span", { class: "amount" }, signedEuros(difference_eur)))),
    parts.length > 0 && sum === total && h("p", { class: "note adds-up" }, t("addsUp"))];
}

// ---------------------------------------------------------------- something looks wrong

const asLine = (name, value) => `${name}${t("colon")}${value}`;

// The newest index of each register that the bill rests on, by the name of the hours that it counts.
function newestIndexes(bill, home) {
  const rows = bill.sources.map((source, i) => ({ source, line: bill.lines.find((one) => one.time_class_words && one.sources.includes(String(i))) })).filter(({ source }) => source.index_to !== null);
  const newest = rows.map(({ source }) => source.to).sort().at(-1), last = rows.filter(({ source }) => source.to === newest), named = last.filter(({ line }) => line);
  return (named.length > 0 ? named : last).map(({ source, line }) => asLine([t("newestIndex"), line && lineName(line)].filter(Boolean).join(", "),
    `${indexText(source, source.index_to, home)} (${[fullDay(lastDay(source)), source.meter && `${t("meter")} ${source.meter}`].filter(Boolean).join(", ")})`));
}

function checkLines(bill, classes) {
  const apart = bill.checks.filter((row) => /[1-9]/.test(row.difference_kwh));
  if (apart.length === 0) return bill.checks.length > 0 ? [t("registersAgree")] : [];
  return apart.map((row) => asLine(t("registerChecks"), [className(bill, row, classes), spanText(row), `${t("registerSays")} ${kwhText(row.register_kwh)}`, `${t("curveSays")} ${kwhText(row.curve_kwh)}`,
    `${t("difference")} ${kwhText(row.difference_kwh)}`].filter(Boolean).join(" · ")));
}

function wrongText(bill, home, stored, names, classes) {
  const indexes = newestIndexes(bill, home);
  return [t("wrongTitle"), "", asLine(t("usagePoint"), home.point.id),
    asLine(stored ? `${t("billNumber", { n: bill.id })} (${t(`bill_${bill.state}`)})` : t("billNotIssued"), periodText(bill)),
    asLine(t("total"), `${euros(bill.total_eur)} · ${kwhText(bill.energy_kwh)}`), restsText(bill), bill.played && playedText(bill),
    ...bill.contracts.map((one) => asLine(t("contract"), contractText(one, names, bill))), ...checkLines(bill, classes),
    ...(indexes.length > 0 ? indexes : [t("noIndex")]), bill.as_of && asLine(t("knownAsOf"), `${bill.as_of.batch}.${bill.as_of.terms}`), "", t("wrongAsk")]
    .filter((line) => typeof line === "string").join("\n");
}

function wrongButton(bill, home, stored, names, classes) {
  const said = h("span", { role: "status", class: "small" });
  const text = h("textarea", { rows: 13, spellcheck: "false" });
  const copy = async () => {
    try { await navigator.clipboard.writeText(text.value); said.textContent = t("copied"); }
    catch { text.focus(); text.select(); said.textContent = t("copyYourself"); } // not allowed, or not over TLS
  };
  const told = tellIndex(home, classes);
  const panel = h("div", { class: "wrong", hidden: true }, h("p", { class: "note" }, t("wrongHint")), h("label", { class: "field" }, t("wrongLabel"), text),
    h("div", { class: "bar-line" }, h("button", { type: "button", class: "main", onclick: copy }, t("copy")), said), told.part);
  const button = h("button", { type: "button", class: "looks-wrong", "aria-expanded": "false", onclick: () => {
    panel.hidden = !panel.hidden;
    button.setAttribute("aria-expanded", !panel.hidden);
    if (panel.hidden) return;
    text.value ||= wrongText(bill, home, stored, names, classes);
    text.focus();
    told.list();
  } }, t("looksWrong"));
  return h("div", {}, h("div", { class: "bar-line" }, button), panel);
}

// ---------------------------------------------------------------- what the meter's display shows

const REGISTER_PREFIX = "active_energy_import_";
const wallTime = (instant, zone) => `${localDate(instant, zone)}T${localTime(instant, zone)}`;
function instantOf(wall, zone) {
  const utc = Date.parse(`${wall}:00Z`);
  return Number.isNaN(utc) ? "?" : new Date(utc - offsetAt(utc - offsetAt(utc, zone), zone)).toISOString().replace(".000", "");
}

// Somebody's own reading of the index. `list` asks for those already told: only who wants to see them is noted as having looked.
function tellIndex(home, classes = []) {
  const unit = home.point.energy === "gas" ? "m³" : "kWh", path = `${home.base}/index-readings`;
  const registers = new Map([["total", t("indexTotal")], ...classes.filter((one) => one.register?.startsWith(REGISTER_PREFIX)).map((one) => [one.register.slice(REGISTER_PREFIX.length), own(one.label)])]);
  const { slot, fill } = billSlot(home.alive, (problem) => refusal(problem)), said = h("p", { role: "status", class: "small" }), failed = h("div", {});
  const when = (at) => new Date(at).toLocaleString(locale(), { dateStyle: "medium", timeStyle: "short", timeZone: home.zone });
  const list = () => fill(async () => {
    const rows = (await getExact(`${path}?limit=100`)).index_readings;
    return rows.length === 0 ? [] : [h("h4", {}, t("toldBefore")), h("ul", { class: "told scroll tall", tabindex: 0, "aria-label": t("toldBefore") }, rows.map((row) =>
      h("li", {}, h("strong", {}, `${digitsText(row.value)} ${row.unit.replace("m3", "m³")}`), " ", h("span", { class: "note" }, [registers.size > 1 || row.register !== "total" ? registers.get(row.register) ?? t("indexNumber", { n: row.register.split("_").at(-1) }) : "",
        t("toldWhen", { read: when(row.at), told: when(row.told_at) })].filter(Boolean).join(" · ")))))];
  });

  const started = wallTime(Date.now(), home.zone);
  const inputs = { register: h("select", { name: "register" }, [...registers].map(([name, text]) => h("option", { value: name }, text))),
    value: h("input", { name: "value", inputmode: "numeric", autocomplete: "off", maxlength: 20, required: true }), at: h("input", { name: "at", type: "datetime-local", value: started, required: true }) };
  const field = (name, text) => h("div", { "data-field": name }, h("label", { class: "field" }, text, inputs[name]), h("div", { class: "field-problem", role: "alert" }));
  const fields = { register: field("register", t("register")), value: field("value", t("indexValue", { unit })), at: field("at", t("readAt")) };
  fields.register.hidden = registers.size === 1;
  const complain = (name, problem) => {
    inputs[name].setAttribute("aria-invalid", "true");
    fields[name].lastChild.replaceChildren(t(`told_${name}`), h("div", { class: "note" }, problem.detail));
    inputs[name].focus();
  };
  const send = async (event) => {
    event.preventDefault();
    said.textContent = "";
    failed.replaceChildren();
    for (const name in fields) { inputs[name].removeAttribute("aria-invalid"); fields[name].lastChild.replaceChildren(); }
    button.disabled = true; // twice would be told twice
    try {
      // An untouched time is now: the server's own clock says when that is.
      const at = inputs.at.value === started ? {} : { at: instantOf(inputs.at.value, home.zone) };
      await post(path, { register: inputs.register.value, value: inputs.value.value.replace(/\s/g, ""), ...at });
      inputs.value.value = "";
      said.textContent = t("toldKept");
      await list();
    } catch (problem) {
      const name = Object.keys(fields).find((one) => problem.detail?.startsWith(`${one}:`));
      if (problem.status === 401) showFailure(problem);
      else if (name) complain(name, problem);
      else failed.replaceChildren(refusal(problem));
    } finally { button.disabled = false; }
  };
  const button = h("button", { type: "submit" }, t("tell"));
  const part = h("form", { class: "tell", novalidate: true, onsubmit: send }, h("h3", {}, t("tellTitle")), h("p", { class: "note" }, t("tellText")),
    h("div", { class: "tell-fields" }, fields.register, fields.value, fields.at), h("div", { class: "bar-line" }, button, said), failed, slot);
  return { part, list };
}

// Where there is no bill to find wrong.
function tellAlone(home) {
  const told = tellIndex(home);
  const part = h("details", { ontoggle: () => part.open && told.list() }, h("summary", {}, t("tellTitle")), told.part);
  return part;
}

// ---------------------------------------------------------------- kept bills

// The server's page of a bill in a tab of its own. No link can carry the token, so it is asked for here and put there; that tab
// lives under this page's policy, which takes no style written into a page, so its sheet is handed over as an object.
async function printBill(home, id) {
  const tab = openTab("", "_blank"); // before anything is waited for: later it would be an unasked-for window
  let text;
  try { text = await (await request(`${home.base}/bills/${id}?format=html&lang=${state.language}`, "text/html")).text(); }
  catch (problem) { tab?.close(); throw problem; }
  if (!tab) return saveText(text, `releve-bill-${id}.html`);
  const styles = [], page = new DOMParser().parseFromString(text.replace(/<style>(.*?)<\/style>/gs, (_, style) => { styles.push(style); return ""; }), "text/html");
  tab.document.write("<!doctype html><title></title>");
  tab.document.close();
  tab.document.documentElement.lang = page.documentElement.lang;
  tab.document.title = page.title;
  const sheet = new tab.CSSStyleSheet();
  sheet.replaceSync(styles.join("\n"));
  tab.document.adoptedStyleSheets = [sheet];
  tab.document.body.replaceChildren(...[...page.body.childNodes].map((node) => tab.document.importNode(node, true)));
  tab.focus();
  tab.setTimeout(() => tab.print(), 100); // once it is drawn
}
function saveText(text, name) {
  const link = h("a", { href: URL.createObjectURL(new Blob([text], { type: "text/html" })), download: name });
  link.click();
  URL.revokeObjectURL(link.href);
}

async function showBill(home, id) {
  const bill = await getExact(`${home.base}/bills/${id}`), body = await billBody(bill, home, true);
  if (!home.alive()) return;
  const { slot, fill } = billSlot(home.alive, () => []);
  const dialog = showDialog(t("billNumber", { n: id }), h("p", {}, spanText(bill), " ", h("span", { class: "pill" }, t(`bill_${bill.state}`))), slot, h("div", { class: "bill" }, ...body.flat().filter(Boolean)));
  dialog.classList.add("wide");
  await fill(async () => {
    const found = await getExact(`${home.base}/bills/${id}/correction`);
    return found.due && h("p", { class: "notice", id: "correction" }, t("correctionDue", { now: euros(found.new.total_eur), v: signedEuros(found.difference_eur) }), " ", hasWord(`cause_${found.cause}`) && t(`cause_${found.cause}`));
  });
}

function keptRow(row, home, failed) {
  const told = [row.corrects && t("corrects", { n: row.corrects }), row.corrected_by && t("correctedBy", { n: row.corrected_by }), row.rests_on !== "read" && t(`restsShort_${row.rests_on}`), !row.corrected_by && row.reason].filter(Boolean).join(" · ");
  const name = t("billNumber", { n: row.id });
  return h("li", { "data-bill": row.id }, h("span", { class: "what" }, h("strong", {}, periodText(row)), h("span", { class: "note" }, name, " ", h("span", { class: "pill" }, t(`bill_${row.state}`)), told && ` ${told}`)),
    h("span", { class: "amount" }, euros(row.total_eur)),
    h("span", { class: "set" }, h("button", { type: "button", "aria-haspopup": "dialog", "aria-label": `${t("look_bill")} · ${name}`, onclick: () => showBill(home, row.id).catch(failed) }, t("look_bill")),
      h("button", { type: "button", "aria-label": `${t("print")} · ${name}`, onclick: () => printBill(home, row.id).catch(failed) }, t("print"))));
}

function keptBills(home) {
  const said = h("div", {}), list = { rows: [], next: "" }, { slot, fill } = billSlot(home.alive);
  const failed = (problem) => { if (problem.status === 401) showFailure(problem); else said.replaceChildren(billRefusal(problem)); };
  const draw = () => fill(async () => {
    const answer = await getExact(`${home.base}/bills?limit=24${list.next && `&after=${encodeURIComponent(list.next)}`}`);
    list.rows.push(...answer.bills);
    list.next = answer.next;
    said.replaceChildren();
    return list.rows.length === 0 ? h("p", {}, t("noBills"))
      : [h("ul", { class: "bill-lines kept" }, list.rows.map((row) => keptRow(row, home, failed))), list.next && h("div", { class: "bar-line" }, h("button", { type: "button", onclick: draw }, t("more")))];
  });
  draw();
  return h("section", { id: "bills" }, h("h3", {}, t("keptBills")), slot, said);
}

// ---------------------------------------------------------------- the card

const BILL_MONTHS = 36; // to choose from
const lastWholeDays = new Map(); // usage point -> the newest whole day that was seen of it
const chosenMonths = new Map(); // usage point -> the month that was asked for

const monthBefore = (month, count) => { const [year, index] = month.split("-").map(Number); return new Date(Date.UTC(year, index - 1 - count, 1)).toISOString().slice(0, 7); };
const monthName = (month) => dayName(`${month}-01`, { month: "long", year: "numeric" });

// Of a month of which no contract covers all days: those it covers.
async function coveredInstead(home, span, draw) {
  const { contracts } = await get(`${home.base}/contracts`).catch(() => ({ contracts: [] }));
  const parts = contracts.map((one) => ({ from: [one.from, span.from].sort()[1], to: [one.to ?? span.to, span.to].sort()[0] })).filter((one) => one.from < one.to).sort((a, b) => (a.from < b.from ? -1 : 1));
  const part = parts.find((one) => one.from !== span.from || one.to !== span.to);
  return part && h("p", {}, h("button", { type: "button", onclick: () => draw(part) }, t("thoseDays", { span: spanText(part) })));
}

function lastWholeDay({ point, days, zone }) {
  const seen = days.findLast(isComplete)?.date ?? days.findLast(somethingCame)?.date;
  if (seen && seen > (lastWholeDays.get(point.id) ?? "")) lastWholeDays.set(point.id, seen);
  return lastWholeDays.get(point.id) ?? addDays(localDate(Date.now(), zone), -1);
}

// In a line, where several energies stand below each other: the month so far.
function shortBill(home) {
  const last = lastWholeDay(home), span = { from: `${last.slice(0, 7)}-01`, to: addDays(last, 1) };
  const { slot, fill } = billSlot(home.alive, (problem) => h("p", {}, h("strong", {}, t("yourBill")), ` · ${periodText(span)}${t("colon")}${problem instanceof Problem ? problem.message : t("failed")}`));
  fill(async () => {
    const bill = await getExact(`${home.base}/bill?from=${span.from}&to=${span.to}`);
    return [h("p", {}, h("strong", {}, t("yourBill")), ` · ${periodText(span)}${t("colon")}`, h("strong", {}, euros(bill.total_eur)), ` ${t("allTaxes", { kwh: kwhText(bill.energy_kwh) })}`), h("p", { class: "note" }, restsText(bill)), playedNotice(bill)];
  });
  return card(null, { class: "card short-bill" }, slot);
}

function billCard(home) {
  const id = home.point.id, last = lastWholeDay(home), newest = last.slice(0, 7);
  const spanOf = (month) => ({ from: `${month}-01`, to: month === newest ? addDays(last, 1) : `${monthBefore(month, -1)}-01` });
  const months = Array.from({ length: BILL_MONTHS }, (_, back) => monthBefore(newest, back));

  const heading = h("p", { role: "status", class: "quiet" });
  let span, refused;
  const { slot, fill } = billSlot(home.alive, async (problem) => (refused = true) && [billRefusal(problem, problem.name === "contract_hole" && (await coveredInstead(home, span, draw))), tellAlone(home)]);
  const draw = (wanted) => {
    span = wanted;
    refused = false;
    heading.textContent = t("loading");
    return fill(async () => billBody(await getExact(`${home.base}/bill?from=${wanted.from}&to=${wanted.to}`), home)).then(() => {
      if (span === wanted) heading.textContent = [periodText(wanted), wanted.to < `${monthBefore(wanted.from.slice(0, 7), -1)}-01` && t("soFar"), !refused && t("notIssued")].filter(Boolean).join(" · ");
    });
  };
  const select = choice(t("month"), months.map((month) => [month, monthName(month)]), () => choose(select.value));
  const arrow = (sign, word, step) => h("button", { type: "button", "aria-label": t(word), onclick: () => choose(monthBefore(select.value, step)) }, sign);
  const [earlier, later] = [arrow("←", "monthBefore", 1), arrow("→", "monthAfter", -1)];
  const choose = (month) => {
    select.value = month;
    chosenMonths.set(id, month);
    earlier.disabled = month === months.at(-1);
    later.disabled = month === months[0];
    draw(spanOf(month));
  };
  choose(months.includes(chosenMonths.get(id)) ? chosenMonths.get(id) : newest);
  return card([h("h2", {}, t("yourBill")), h("div", { class: "end" }, earlier, select, later)], { id: "bill", class: "card bill" }, heading, slot, keptBills(home));
}
