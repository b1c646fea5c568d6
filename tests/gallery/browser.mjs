// The built windows in a real browser: served as the app serves them, content policy and all, one fresh page per scene.

import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import puppeteer from "puppeteer-core";
import { bridge } from "./bridge.mjs";
import { NOW } from "./data.mjs";

const KINDS = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".wasm": "application/wasm", ".svg": "image/svg+xml" };

// The sizes a person may have: name, theme, text size in percent, width of the main window.
export const LOOKS = [
  { name: "light" }, { name: "dark", theme: "dark" }, { name: "125", text: 125 }, { name: "200", text: 200 },
  { name: "640", width: 640 },
];

async function policy(root) {
  const conf = JSON.parse(await readFile(join(root, "src-tauri/tauri.conf.json"), "utf8"));
  return Object.entries(conf.app.security.csp).map(([name, sources]) => `${name} ${sources}`).join("; ");
}

async function serve(root) {
  const csp = await policy(root);
  const server = createServer(async (request, response) => {
    const path = normalize(new URL(request.url, "http://x").pathname).replace(/^[/\\.]+/, "") || "index.html";
    try {
      const body = await readFile(join(root, "dist", path));
      response.writeHead(200, { "content-type": KINDS[extname(path)] ?? "application/octet-stream", "content-security-policy": csp });
      response.end(body);
    } catch {
      // A browser asks for an icon by itself.
      response.writeHead(path === "favicon.ico" ? 204 : 404).end();
    }
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  return server;
}

// A browser and a server for it; `close` ends both.
export async function open(root, executablePath) {
  const server = await serve(root);
  const browser = await puppeteer.launch({
    executablePath, headless: true,
    // Only pages of ours are opened, and a container often lacks what the sandbox needs.
    args: ["--no-sandbox", "--disable-dev-shm-usage", "--force-color-profile=srgb", "--hide-scrollbars"],
  });
  const address = `http://127.0.0.1:${server.address().port}/index.html`;
  const close = async () => {
    await browser.close();
    server.close();
  };
  return { browser, address, close };
}

function size(scene, look) {
  const scale = (look.text ?? 100) / 100;
  if (scene.window === "main") return { width: look.width ?? 1120, height: 760 };
  if (look.width) return { width: 420, height: 640 };
  // The prompt grows with the text as far as the screen allows.
  return { width: Math.round(560 * scale), height: Math.min(1000, Math.round(720 * scale)) };
}

const dress = async (page, scene, look) => {
  await page.setViewport(size(scene, look));
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: look.theme ?? "light" }, { name: "prefers-reduced-motion", value: "reduce" },
  ]);
};

// Puts an open page into another look.
export async function wear(page, scene, look) {
  await dress(page, scene, look);
  await painted(page);
}

// Opens a scene in a look; gives the page and what went wrong on the way.
export async function play({ browser, address }, scene, look) {
  const page = await browser.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(`error on the page: ${error.message}`));
  page.on("console", (message) => {
    if (message.type() === "error" && !message.text().includes("favicon")) faults.push(`console: ${message.text()}`);
  });
  await dress(page, scene, look);
  await page.evaluateOnNewDocument(bridge, { label: scene.window, replies: scene.replies, now: NOW });
  await page.goto(`${address}?window=${scene.window}#${scene.hash}`);
  if (look.text) {
    // Like the text size of the system: the root's, and everything is measured from there.
    await page.evaluate((text) => { document.documentElement.style.fontSize = `${text}%`; }, look.text);
  }
  await page.waitForSelector(scene.window === "main" ? ".main .head" : "main.prompt > *", { timeout: 15_000 });
  await painted(page);
  for (const step of scene.steps ?? []) {
    await step(page);
    await painted(page);
  }
  await new Promise((done) => setTimeout(done, scene.settle ?? 60));
  await painted(page);
  return { page, faults };
}

const painted = (page) => page.evaluate(async () => {
  await document.fonts.ready;
  const drawn = new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done, 30))));
  await Promise.race([drawn, new Promise((done) => setTimeout(done, 1_000))]);
});

// What no page may do, whatever it shows: stop, slide sideways, cut words off, or fail to read what the app said.
export async function faultsOf(page, scene) {
  return page.evaluate((mayFail) => {
    const faults = [];
    if (document.body.hasAttribute("data-stopped")) faults.push("the page's code stopped");
    const wide = (at) => at.scrollWidth > at.clientWidth + 1;
    if (wide(document.documentElement)) faults.push(`the page is ${document.documentElement.scrollWidth} px wide in ${innerWidth}`);
    for (const at of document.querySelectorAll(".main, .detail, .list, .first, .card-body, .settings, .side, .card, .pane")) {
      if (at.checkVisibility() && wide(at)) faults.push(`.${at.className.split(" ").join(".")} is ${at.scrollWidth} px wide in ${at.clientWidth}`);
    }
    const said = document.body.innerText;
    if (said.includes("could not be read") || said.includes("The scene has no answer")) faults.push("an answer was not understood");
    if (!mayFail && document.querySelector(".fault")) faults.push(`a fault is shown: ${document.querySelector(".fault").innerText}`);
    return faults;
  }, scene.faulty ?? false);
}
