// SPDX-License-Identifier: Apache-2.0
// api_page.mjs URL FOLDER: looks at the page of the API document and writes FOLDER/api-<look>.png. Exit code 1: it has faults.
import { join } from "node:path";
import { LOOKS, open, overflow, seriousFaults } from "./browser.mjs";

const [url, folder] = process.argv.slice(2);
const found = [];

for (const at of LOOKS) {
  const { browser, page, faults } = await open(url, at);
  try {
    const operations = await page.$$eval("article", (all) => all.length);
    if (operations === 0) found.push("it shows no operation");
    await page.screenshot({ path: join(folder, `api-${at.name}.png`), fullPage: at.width < 1000 ? false : true });
    found.push(...faults.concat(await seriousFaults(page)).map((fault) => `${at.name}: ${fault}`));
    const wider = await overflow(page);
    if (wider > 0) found.push(`${at.name}: the page is ${wider} px wider than the window`);
  } finally {
    await browser.close();
  }
}
for (const fault of found) console.log(fault);
process.exit(found.length === 0 ? 0 : 1);
