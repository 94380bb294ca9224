// An operator opens his link: meters by state, readings per second, refused messages with reasons, gateways, events, the list of meters.
import assert from "node:assert/strict";
import { keepScreenshot, run, setting } from "./browser.mjs";

const token = setting("RELEVE_OPERATOR_TOKEN");

await run("operator", async (page, base) => {
  await page.goto(`${base}/#token=${encodeURIComponent(token)}`);
  await page.waitForSelector("#states .state");
  const numberIn = (text) => Number(text.replace(/[^\d]/g, ""));
  const states = await page.locator("#states .state").evaluateAll((all) => all.map((e) => [e.dataset.state, e.querySelector("b").textContent]));
  assert.deepEqual(states.map(([state]) => state), ["on_time", "silent", "refused", "never_seen"]);
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
