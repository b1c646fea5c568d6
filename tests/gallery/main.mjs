// Pictures of every page and card state, or a check of all of them for people who don't see, hear or point as most do.
//
//   node main.mjs pictures ROOT BROWSER OUT [NAME…]
//   node main.mjs check ROOT BROWSER [NAME…]

import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { LOOKS, faultsOf, open, play, wear } from "./browser.mjs";
import { SCENES } from "./scenes.mjs";

const [mode, root, program, ...rest] = process.argv.slice(2);
// How many browsers work at once; each shows one page, since one that lies behind another doesn't draw.
const HANDS = 3;

const named = (names) => SCENES.filter((scene) => names.length === 0 || names.some((name) => scene.name.startsWith(name)));

async function each(tasks, perform) {
  const queue = [...tasks];
  const hand = async () => {
    const opened = await open(root, program);
    try {
      for (let task = queue.shift(); task; task = queue.shift()) await perform(opened, task);
    } finally {
      await opened.close();
    }
  };
  await Promise.all(Array.from({ length: HANDS }, hand));
}

async function visit(opened, scene, look, perform) {
  let page;
  try {
    const played = await play(opened, scene, look);
    page = played.page;
    const faults = [...played.faults, ...(await faultsOf(page, scene))];
    return [...faults, ...(await perform(page))];
  } catch (error) {
    return [`it could not be played: ${error.message}`];
  } finally {
    await page?.close();
  }
}

function report(results) {
  for (const { scene, look, faults } of results) {
    for (const fault of faults) console.log(`FAIL ${scene.name} (${look.name}): ${fault}`);
  }
  const failed = results.filter(({ faults }) => faults.length > 0).length;
  console.log(`\ntest result: ${failed ? "FAILED" : "ok"}. ${results.length - failed} passed; ${failed} failed`);
  process.exitCode = failed ? 1 : 0;
}

async function pictures(out, names) {
  await mkdir(out, { recursive: true });
  const tasks = named(names).flatMap((scene) => LOOKS.map((look) => ({ scene, look })));
  const results = [];
  await each(tasks, async (opened, { scene, look }) => {
    const faults = await visit(opened, scene, look, async (page) => {
      await page.screenshot({ path: join(out, `${scene.name}+${look.name}.png`) });
      return [];
    });
    results.push({ scene, look, faults });
  });
  const figure = (scene, look) => `<figure><a href="${scene.name}+${look.name}.png"><img loading="lazy" src="${scene.name}+${look.name}.png" alt="${scene.name}, ${look.name}"></a><figcaption>${look.name}</figcaption></figure>`;
  const row = (scene) => `<section><h2>${scene.name}</h2><div>${LOOKS.map((look) => figure(scene, look)).join("")}</div></section>`;
  const style = "body{font:15px system-ui;margin:2rem;background:#888}h2{margin:2rem 0 .5rem}div{display:flex;gap:1rem;overflow-x:auto}figure{margin:0}img{height:22rem;border:1px solid #444}";
  await writeFile(join(out, "index.html"), `<!doctype html><meta charset="utf-8"><title>Consentry, every page and state</title><style>${style}</style><h1>Every page and state</h1>${named([]).map(row).join("")}`);
  report(results);
}

// Every rule of axe, in light and dark, and once more where columns stack. A scene is opened once and looked at thrice.
async function check(names) {
  const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
  const looks = LOOKS.filter((look) => ["light", "dark", "640"].includes(look.name));
  const results = [];
  await each(named(names), async (opened, scene) => {
    const found = new Map();
    const unplayed = await visit(opened, scene, looks[0], async (page) => {
      await page.evaluate(axe);
      for (const look of looks) {
        await wear(page, scene, look);
        found.set(look, [...(await faultsOf(page, scene)), ...(await violations(page))]);
      }
      return [];
    });
    for (const look of looks) results.push({ scene, look, faults: [...unplayed, ...(found.get(look) ?? ["it was not looked at"])] });
  });
  report(results);
}

async function violations(page) {
  const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
  const said = (rule, node) => `${rule.id}: ${rule.help}: ${node.html.slice(0, 160)} ${node.any.map((why) => why.message).join(" ").slice(0, 200)}`;
  return found.violations.flatMap((rule) => rule.nodes.map((node) => said(rule, node)));
}

if (mode === "pictures") await pictures(rest[0], rest.slice(1));
else await check(rest);
