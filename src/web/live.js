"use strict";
// What a household's own dongle says: the last values and today's power. Nothing proves it, and the page says so.

// What a home draws, in the older and in the newer labels of the customer port, both in VA.
const LIVE_POWER = ["SINSTS", "PAPP"];

// null where no dongle ever spoke.
async function liveCard(base, point) {
  if (point.energy !== "electricity" || point.collection !== "half_hour") return null;
  const slot = h("div", { id: "live" });
  return (await fillLive(slot, base, point)) ? slot : null;
}

async function fillLive(slot, base, point) {
  const { values } = await get(`${base}/live`);
  if (values.length === 0) return false;
  const today = localDate(Date.now(), point.zone);
  const { half_hours } = await get(`${base}/live/half-hours?from=${today}&to=${addDays(today, 1)}`);
  const power = values.find((value) => LIVE_POWER.includes(value.label));
  const rows = values.map((value) => [h("span", { title: value.plain?.[state.language] }, value.name?.[state.language] ?? value.label), `${shortNumber(value.value)} ${value.unit}`, moment(value.at)]);
  const again = () => fillLive(slot, base, point).catch(showFailure);
  slot.replaceChildren(card([h("h2", {}, t("live")), h("div", { class: "end" }, h("button", { type: "button", onclick: again }, t("refresh")))], {},
    power && h("p", { class: "sum" }, h("strong", {}, `${shortNumber(power.value)} ${power.unit}`), ` ${t("liveAt", { time: moment(power.at) })}`),
    h("p", { class: "note" }, t("liveText")), power && livePowerChart(half_hours.filter((row) => row.label === power.label), today, point.zone),
    h("details", {}, h("summary", {}, t("table")), table([{ name: t("what") }, { name: t("value"), number: true }, { name: t("when") }], rows))));
  return true;
}

function livePowerChart(half_hours, today, zone) {
  if (half_hours.length === 0) return null;
  const values = new Map(half_hours.map((row) => [Date.parse(row.start), row.value / 1000]));
  const slots = daySlots(today, zone, 1800000, (at) => values.get(at) ?? null, "kVA");
  return h("div", {}, h("p", { class: "note" }, t("liveDay")), curveChart(slots, { narrow: isNarrow(), label: t("liveDay"), gap: t("gap"), format: shortNumber, unit: "kVA" }));
}
