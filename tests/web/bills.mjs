// The bill of a home on its page: what it rests on, what it costs, why each line, beside another time, and the bills that are kept.
import assert from "node:assert/strict";
import { keepScreenshot } from "./browser.mjs";

const cents = (text) => Number(text.replace(/[^\d.]/g, "").replace(".", "")) * (/[-−]/.test(text) ? -1 : 1);
const amounts = async (of) => (await of.allTextContents()).map(cents);

// Against any server: a total or, in plain words, why there is none.
export async function someBill(page) {
  await page.waitForSelector("#bill .bill-total, #bill .refusal");
  await page.waitForSelector("#bills li, #bills p");
  assert.match(await page.textContent("#bill"), /€[\d,]+\.\d\dall taxes included|€[\d,]+\.\d\d all taxes included|No contract|missing|not known/);
  await keepScreenshot(page, "bill.png");
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
  await energy.locator("summary").focus();
  await page.keyboard.press("Enter");
  await energy.locator(".explained").waitFor();
  assert.match(await energy.locator(".explained").textContent(), /Working€0\.\d+\/kWh × [\d,.]+ kWh = €[\d,]+\.\d\d.*Days\d+ \w+ \d{4}.*Rests on.*readings/s);

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
  await used.locator("summary").click();
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
  await page.waitForSelector("#bills li");
  await page.unroute(/\/bill\?/);
}
