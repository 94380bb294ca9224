// The bill of a home on its page: what it rests on, what it costs, why each line, beside another time, and the bills that are kept.
import assert from "node:assert/strict";
import { keepScreenshot } from "./browser.mjs";

const cents = (text) => Number(text.replace(/[^\d.]/g, "").replace(".", "")) * (/[-−]/.test(text) ? -1 : 1);
const parisTime = (at) => new Date(at).toLocaleString("sv-SE", { timeZone: "Europe/Paris" }).slice(0, 16).replace(" ", "T");
const amounts = async (of) => (await of.allTextContents()).map(cents);

// Against any server: a total or, in plain words, why there is none.
export async function someBill(page) {
  await page.waitForSelector("#bill .bill-total, #bill .refusal");
  await page.waitForSelector("#bills li, #bills p");
  assert.match(await page.textContent("#bill"), /€[\d,]+\.\d\dall taxes included|€[\d,]+\.\d\d all taxes included|No contract|missing|not known/);
  if ((await page.locator("#bill .bill-total").count()) === 0) return;
  const line = page.locator("#bill .bill-lines > li", { hasText: "kWh ×" }).first();
  await line.locator("> details > summary").click();
  assert.match(await line.locator(".explained").textContent(), /Working€[\d.]+\/kWh × [\d,.]+ kWh = €[\d,]+\.\d\d.*Rests on/);
  await page.waitForSelector("#bill .compared > :not([aria-busy]) > p, #bill .compared .refusal");
  await keepScreenshot(page.locator("#bill"), "bill.png");
}

// An index off the display: what is refused is said at its field and not kept, what is kept is listed; the bill stays as it was.
async function tellIndex(page, ask) {
  const form = page.locator("#bill > div .tell"), problemAt = (name) => form.locator(`[data-field=${name}] [role=alert]`), total = await page.textContent("#bill .bill-total");
  const kept = async () => (await (await ask("/index-readings")).json()).index_readings;
  const send = async (value, at) => {
    await form.locator("[name=value]").fill(value);
    if (at) await form.locator("[name=at]").fill(at);
    const [request] = await Promise.all([page.waitForRequest((one) => one.method() === "POST" && one.url().endsWith("/index-readings")), form.locator("[type=submit]").click()]);
    await form.locator("[type=submit]:enabled").waitFor();
    return request.postDataJSON();
  };
  assert.match(await form.textContent(), /kept as told by you, beside the meter's own readings, and whoever runs this service can see it.*never one that was issued/s);
  const before = await kept();
  for (const wrong of ["-5", "12.5", "1234567890", "about 4000", " "]) {
    await send(wrong);
    assert.match(await problemAt("value").textContent(), /^Write the digits before the point only.*value: must be/, wrong);
    assert.equal(await page.evaluate(() => document.activeElement.name), "value", "the focus is where something is to be done");
    assert.equal(await form.locator("[name=value]").getAttribute("aria-invalid"), "true");
  }
  await send("4170", "2099-01-01T10:00");
  assert.match(await problemAt("at").textContent(), /^This must be a date and time in the past.*at: lies in the future/);
  assert.equal(await problemAt("value").textContent(), "", "only what is wrong now is said");
  assert.deepEqual(await kept(), before, "nothing refused is kept");

  // A time is the home's, not the browser's; without one it is now, by the server's clock.
  const yesterday = `${parisTime(Date.now() - 86400000).slice(0, 10)}T07:15`;
  await send("4 170", yesterday);
  await form.locator("[role=status]:has-text('Kept')").waitFor();
  assert.equal(await form.locator("[aria-invalid]").count(), 0);
  const [told, ...older] = await kept();
  assert.deepEqual([told.value, told.unit, told.register, parisTime(told.at)], [4170, "kWh", "total", yesterday]);
  assert.equal(older.length, before.length);
  assert.match(await form.locator(".told li").first().textContent(), /^4,170 kWh read on \d+ \w+ \d{4}, 07:15, told on/);
  assert.equal(await form.locator(".told li").count(), before.length + 1);
  await page.click("#bill .looks-wrong");
  assert.equal(await page.textContent("#bill .bill-total"), total);

  // Where the meter counts hours apart, which of its indexes it is.
  const names = [["supplier_1", "Off-peak"], ["supplier_2", "Peak"]];
  await page.route("**/api/v1/tariffs/*", (route) => route.fulfill({ json: { classes: names.map(([name, text]) => ({ id: name, label: { en: text, fr: text }, register: `active_energy_import_${name}` })) } }));
  await page.reload();
  await page.click("#bill .looks-wrong");
  assert.deepEqual(await form.locator("option").allTextContents(), ["Total", "Off-peak", "Peak"]);
  await form.locator("select").selectOption("supplier_2");
  assert.deepEqual(await send("2871"), { register: "supplier_2", value: "2871" });
  await form.locator(".told li:has-text('2,871 kWh Peak')").first().waitFor();
  await keepScreenshot(page, "bill-index.png");
  await page.unroute("**/api/v1/tariffs/*");
}

export async function bills(page, base, token) {
  await someBill(page);
  const point = (await page.textContent(".title")).match(/\d{14}/)[0];
  const ask = (path) => page.request.get(`${base}/api/v1/usage-points/${point}${path}`, { headers: { Authorization: `Bearer ${token}` } });

  // The figures are the server's own, and the lines add up to the total.
  const [asked] = await Promise.all([page.waitForRequest((request) => /\/bill\?/.test(request.url())), page.reload()]);
  await page.waitForSelector("#bill .bill-total");
  const told = await (await page.request.get(asked.url(), { headers: { Authorization: `Bearer ${token}` } })).text();
  assert.match(asked.url(), /from=\d{4}-\d\d-01&to=/);
  assert.equal(cents(await page.textContent("#bill .bill-total strong")), cents(/"total_eur":(-?[\d.]+)/.exec(told)[1]));
  assert.match(await page.textContent("#bill .rests"), /^(All of it rests on readings of the meter\.|A part rests on estimates: .*\d{4}\. The rest was read\.)$/);
  assert.ok(await page.locator("#bill .rests").evaluate((rests) => rests.compareDocumentPosition(document.querySelector(".bill-total")) & 4), "first what it rests on");
  const lines = await amounts(page.locator("#bill > div > .bill-part > .bill-lines > li .amount"));
  assert.ok(lines.length >= 2);
  assert.equal(lines.reduce((sum, amount) => sum + amount, 0), cents(await page.textContent("#bill .bill-total strong")));

  // A line explains itself, to the keyboard too.
  const energy = page.locator("#bill > div > .bill-part > .bill-lines > li", { hasText: "kWh ×" }).first();
  await energy.locator("> details > summary").focus();
  await page.keyboard.press("Enter");
  await energy.locator(".explained").waitFor();
  assert.match(await energy.locator(".explained").textContent(), /Working€0\.\d+\/kWh × [\d,.]+ kWh = €[\d,]+\.\d\d.*Days1( to \d+)? \w+ \d{4}.*Rests on.*readings/s);
  await energy.locator(".price-from > summary").click();
  await energy.locator(".price-from p").waitFor();

  // Beside the month before: one sentence a part, and they add up.
  await page.waitForSelector("#bill .compared .adds-up");
  const parts = await amounts(page.locator("#bill .parts [data-part] .amount"));
  assert.equal(parts.reduce((sum, amount) => sum + amount, 0), cents(await page.textContent("#bill .parts .sum .amount")));
  for (const sentence of await page.locator("#bill .parts [data-part] .note").allTextContents()) assert.match(sentence, /€[\d,]+\.\d\d (more|less|lower|higher)\.$/);
  await page.click("#bill .compared [data-with=same_period_last_year]");
  await page.waitForSelector("#bill .compared [data-with=same_period_last_year][aria-pressed=true]");
  await page.waitForSelector("#bill .compared > :not([aria-busy]) > p, #bill .compared .refusal");

  // Something looks wrong: a text to copy, with what it rests on.
  await page.click("#bill .looks-wrong");
  assert.equal(await page.getAttribute("#bill .looks-wrong", "aria-expanded"), "true");
  const text = await page.inputValue("#bill .wrong textarea");
  assert.ok(text.includes(point) && text.includes(await page.textContent("#bill .bill-total strong")) && text.includes(await page.textContent("#bill .rests")));
  await page.click("#bill .wrong button");
  await page.waitForSelector("#bill .wrong [role=status]:text-matches('Copied|Ctrl')");

  await tellIndex(page, ask);

  // Another month, with the choice of the earlier one by arrow.
  const newest = await page.inputValue("#bill select");
  await page.click("#bill [aria-label='Month before']");
  await page.waitForSelector(`#bill > [role=status]:text-matches('^${await page.locator("#bill option").nth(1).textContent()}')`);
  assert.ok((await page.inputValue("#bill select")) < newest);
  await page.selectOption("#bill select", newest);
  await page.waitForSelector("#bill .bill-total");

  // Bills that are kept: printed in a tab of their own, and down to the readings.
  const kept = JSON.parse(await (await ask("/bills?limit=24")).text()).bills;
  assert.deepEqual(await page.locator("#bills li").evaluateAll((all) => all.map((row) => Number(row.dataset.bill))), kept.map((bill) => bill.id));
  const issued = kept.find((bill) => bill.state === "issued");
  const row = page.locator(`#bills [data-bill="${issued.id}"]`);
  const [tab] = await Promise.all([page.context().waitForEvent("page"), row.locator("button", { hasText: "Print" }).click()]);
  await tab.waitForSelector("h1");
  assert.match(await tab.textContent("body"), /To pay: €[\d,]+\.\d\d.*SHA-256/s);
  assert.equal(await tab.evaluate(() => getComputedStyle(document.querySelector("table")).borderCollapse), "collapse", "the page's own style holds there");
  await tab.close();
  await row.locator("button", { hasText: "Look" }).click();
  await page.waitForSelector("dialog .bill-total");
  assert.equal(cents(await page.textContent("dialog .bill-total strong")), cents(issued.total_eur.toFixed(2)));
  const used = page.locator("dialog .bill-lines > li", { hasText: "kWh ×" }).first();
  await used.locator("> details > summary").click();
  await used.locator(".explained button").click();
  await used.locator("tbody tr").first().waitFor();
  assert.ok((await used.locator("tbody tr").count()) > 100);
  assert.match(await used.locator("tbody tr").first().textContent(), /^\d+ \w+ \d{4}, \d\d:\d\d[\d,.]+ Wh/);
  await keepScreenshot(page, "bill-readings.png");
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });

  // What is not a real period is said to be none; without a contract there is a sentence instead of a blank.
  await page.route(/\/bill\?/, async (route) => {
    const answer = await (await route.fetch()).text();
    await route.fulfill({ contentType: "application/json", body: answer.replace('"played":null', '"played":"curve of 2013, played as 2025"') });
  });
  await page.reload();
  await page.waitForSelector("#bill .played");
  assert.match(await page.textContent("#bill .played"), /^Curve of 2013, played as 2025/);
  await page.unroute(/\/bill\?/);
  await page.route(/\/bill\?/, (route) => route.fulfill({ status: 422, contentType: "application/problem+json",
    body: JSON.stringify({ type: "/problems/contract_hole", title: "No contract", plain: "No contract is known for some of these days.", detail: "2024-01-01 to 2024-02-01" }) }));
  await page.reload();
  await page.waitForSelector("#bill [data-problem=contract_hole]");
  assert.match(await page.textContent("#bill .refusal"), /No contract is known.*No bill can be worked out.*no contract is recorded.*can record it/s);
  await page.click("#bill details:has(.tell) > summary"); // an index can be told without a bill
  await page.waitForSelector("#bill .told li:has-text('2,871 kWh Index 2')");
  await page.waitForSelector("#bills li");
  await page.unroute(/\/bill\?/);
}
