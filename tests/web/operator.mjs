// An operator opens his link: meters by state, readings per second, refused messages with reasons, gateways, events, the list of meters.
import assert from "node:assert/strict";
import { keepScreenshot, run, setting } from "./browser.mjs";

const token = setting("RELEVE_OPERATOR_TOKEN");

// The morning and the lists, of the invented data.
async function checks(page) {
  const lines = await page.locator("#morning .outages li").evaluateAll((all) => all.map((line) => [line.dataset.cause, line.querySelector(".pill").textContent, line.querySelector("p").textContent]));
  assert.equal(lines.length, 2, "one line for a common cause");
  assert.deepEqual(lines.map((line) => line.slice(0, 2)), [["power", "Power lost"], ["link", "Link lost"]]);
  assert.match(lines[0][2], /^Area north: silent since \d\d:34, 120 of 131 meters; 47 said that they lost power; 118 heard again between \d\d:14 and \d\d:14\.$/);
  assert.match(lines[1][2], /^Concentrator concentrator-2: silent since \d\d:14, 61 of 65 meters; none said that it lost power; none heard again\.$/);
  assert.equal(await page.textContent("#morning .sum"), "181 of 260 meters fell silent; 118 were heard again.");
  const facts = await page.textContent("#morning .facts");
  assert.match(facts, /: 95\.8 % \(11,957 of 12,480 readings\)\. \w+ \d+ \w+: 99\.9 %\./);
  assert.match(facts, /74 open: 61 × Waiting, 11 × Not asked for, 2 × Lost; 120 closed/);
  assert.match(facts, /1 × Battery low, 1 × Clock is off/);

  // Of one alone it is told in the singular; what has no place in common fell silent at different times.
  await page.route("**/reports/morning", async (route) => {
    const answer = await (await route.fetch()).json(), [first] = answer.outages;
    const outages = [{ ...first, kind: null, place: null, meters: 3, of: 3, last_gasps: 1, restored: 1 }, { ...first, meters: 1, last_gasps: 0, restored: 0 }];
    await route.fulfill({ json: { ...answer, stopped: 1, restored: 1, outages } });
  });
  await page.click("#morning .end button");
  await page.waitForSelector("#morning .sum:has-text('1 of 260 meters fell silent; 1 was heard again.')");
  const alone = await page.locator("#morning .outages li > div > p").allTextContents();
  assert.match(alone[0], /^No common place: 3 meters, the last one silent since \d\d:34; 1 said that it lost power; 1 heard again at \d\d:14\.$/);
  assert.match(alone[1], /^Area north: silent since \d\d:34, 1 of 131 meters; none said that it lost power; none heard again\.$/);
  await page.unroute("**/reports/morning");
  await page.click("#morning .end button");
  await page.waitForSelector("#morning .sum:has-text('181 of 260')");

  await page.locator("#collection tbody tr").nth(22).waitFor();
  await page.selectOption("#collection select", "concentrator");
  await page.waitForSelector("#collection td:has-text('concentrator-3')");
  assert.deepEqual((await page.locator("#collection tbody tr").allTextContents()).slice(1), ["concentrator-2652,5973,12083.2 %", "concentrator-36500–"]);

  await page.selectOption("#gaps select", "must_ask");
  await page.waitForSelector("#gaps .note");
  assert.match(await page.textContent("#gaps .note"), /nothing here can ask for them/);
  assert.ok((await page.locator("#gaps tbody tr td:nth-child(2)").allTextContents()).every((state) => state === "Not asked for"));
  assert.match(await page.textContent("#breaches tbody"), /Group and members differGroup schools.*61,20061,198.*Readings and index differMeter 2/s);
  assert.match(await page.textContent("#jobs tbody"), /Check again · schoolsRunning 112 \/ 260.*Add everything up againDone 260 \/ 260/s);
  assert.equal(await page.locator("#jobs progress").first().evaluate((bar) => bar.value / bar.max), 112 / 260);

  // One check's failures; what is done about one is posted with a note, and what is refused is said.
  await page.selectOption("#failures select", "sum_check");
  await page.waitForSelector("#failures tbody tr:only-child");
  await page.click("#failures tbody button");
  await page.waitForSelector("dialog[open]");
  assert.match(await page.textContent("dialog"), /do not add up to what the meter's index says.*register counts: 2.*register difference: 18,020/s);
  await page.click("dialog [data-step=noted]");
  await page.waitForSelector("dialog [role=alert]:has-text('note: is required')");
  await page.fill("dialog textarea", "The index was read by hand");
  await page.click("dialog [data-step=noted]");
  await page.waitForSelector("dialog tbody tr");
  assert.equal(await page.textContent("dialog [role=alert]"), "");
  await page.click("dialog [data-step=taken]");
  await page.locator("dialog tbody tr").nth(1).waitFor();
  await page.click("dialog [data-step=closed]");
  await page.waitForSelector("dialog [data-step=reopened]");
  assert.match((await page.locator("dialog tbody tr").allTextContents()).join("|"), /Notedoperator of the testsThe index was read by hand\|.*Takenoperator of the tests\|.*Closedoperator of the tests/);
  await page.keyboard.press("Escape");
  await page.waitForSelector("dialog", { state: "detached" });
  assert.equal(await page.textContent("#failures tbody .pill"), "Closed");
  await page.selectOption("#failures select", "");
  await page.waitForSelector("#failures tbody tr:nth-child(2)");
  await page.selectOption("#failures select", "sum_check");
  await page.waitForSelector("#failures tbody tr:only-child");
  assert.equal(await page.textContent("#failures tbody .pill"), "Closed", "asked for again");

  await page.click("#events tbody button >> nth=1");
  await page.click("dialog [data-step=taken]");
  await page.waitForSelector("dialog td:has-text('Taken')");
  await page.click("dialog button:has-text('Back')");
  assert.equal(await page.textContent("#events tbody tr:nth-child(2) .pill"), "Taken");

  // On a telephone nothing is wider than the screen, in the longer language either.
  await page.setViewportSize({ width: 360, height: 740 });
  await page.click("#lang-fr");
  await page.waitForSelector("#morning .outages >> text=silence depuis");
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360);
  await keepScreenshot(page, "operator-narrow.png");
  await page.click("#lang-en");
  await page.setViewportSize({ width: 1180, height: 900 });
  await page.waitForSelector("#morning .outages >> text=silent since");
}

await run("operator", async (page, base) => {
  await page.goto(`${base}/#token=${encodeURIComponent(token)}`);
  await page.waitForSelector("#states .state");
  const numberIn = (text) => Number(text.replace(/[^\d]/g, ""));
  const states = await page.locator("#states .state").evaluateAll((all) => all.map((e) => [e.dataset.state, e.querySelector("b").textContent]));
  const usual = ["on_time", "silent", "refused", "never_seen"], names = states.map(([state]) => state);
  assert.deepEqual(names.filter((state) => usual.includes(state)), usual);
  assert.ok(states.every(([state, count]) => usual.includes(state) || numberIn(count) > 0), "the others only where there are some");
  const meters = states.reduce((sum, [, count]) => sum + numberIn(count), 0);
  assert.ok(meters > 0, "there are meters");
  assert.match(await page.textContent("#rate .value"), /^(\d{1,3}(,\d{3})*|\d\.\d)$/);
  await page.waitForSelector("#refused h2");
  for (const reason of await page.locator("#refused li").evaluateAll((all) => all.map((e) => [e.dataset.reason, e.querySelector("strong").textContent, e.querySelector(".note").textContent]))) {
    assert.notEqual(reason[1], reason[0], "a reason is shown by its label, not by its code");
    assert.ok(reason[2].length > 10, "a reason is explained");
  }

  await page.waitForSelector("#gateways h2");
  await page.waitForSelector("#events h2");
  if (process.env.RELEVE_INVENTED) assert.match(await page.textContent("#events tbody"), /Clock is off.*Battery low.*tamper/s);

  // The morning's report and what checks found: each card is there, and none failed.
  await page.waitForSelector("#morning .sum");
  for (const id of ["collection", "failures", "gaps", "breaches", "jobs"]) await page.waitForSelector(`#${id} table, #${id} h2 ~ p, #${id} [aria-live] > p`);
  assert.equal(await page.locator("main .notice.error").count(), 0);
  if (process.env.RELEVE_INVENTED) await checks(page);

  // Every meter can be reached, by paging and by searching.
  await page.waitForSelector("#meters tbody tr");
  await keepScreenshot(page, "operator.png");
  const first = await page.locator("#meters tbody tr").count();
  assert.equal(first, Math.min(15, meters));
  if (meters > 15) {
    await page.click("#meters button:has-text('Show more')");
    await page.locator("#meters tbody tr").nth(first).waitFor();
  }
  const serial = await page.textContent("#meters tbody tr:first-child td:first-child");
  await page.fill("#search", serial);
  await page.waitForSelector("#meters tbody tr:only-child");
  await page.fill("#search", "nothing-has-this-name");
  await page.waitForSelector("#meters >> text=Nothing matches.");

  // From the meters to a home.
  await page.click("text=Usage points >> nth=0");
  await page.waitForSelector("#points [data-point]");
  await page.click("#points [data-point] >> nth=0");
  await page.waitForSelector("#days .bar");
  await page.waitForSelector("#accesses");
});
