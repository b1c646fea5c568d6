// Every page and every state of a card, each with what the app would answer there.

import { done, files, hostileFiles, hostilePlan, news, planned, unprotecting } from "./clients.mjs";
import { HOSTILE, NOW, TOOLS, command, edited, ended, grants, hostile, mail, newcomer, note, origins, payment, preferences, question, removal, rules, server, settings, status, tool, trust } from "./data.mjs";
import { attention, bulk, hostileThreats, nobody, places, suggestions, threats } from "./habits.mjs";
import { disguised, flagged, leaving, plainly } from "./judged.mjs";
import * as login from "./logins.mjs";
import { alike, difference, first, lied, made, record, refused, same, seen, ticket, unread, write } from "./now.mjs";
import { BLOCKED, ENTRIES, HOSTILE_RULE, LOOSER, LOST, MISREAD, SENT, blocked, detail, entry, lost, misread, policies, replayed, sent } from "./pages.mjs";

const fault = (message, code = "storage") => ({ fault_of_scene: { code, message } });
const TRUSTED = ENTRIES.find((at) => at.result === "trust");
const nothing = { servers: [], fault: null, file: "/home/jo/.config/consentry/servers.json" };
const usual = () => ({
  status: status(), settings: settings(), inbox: { waiting: [], ended: [] }, activity: ENTRIES, entry: sent(),
  choices: { clients: ["claude-desktop", "node", HOSTILE.bidi], servers: ["files", "mail", "shell"] },
  servers: { ...nothing, servers: [server("files"), server("mail")] }, policies: policies(),
  card_visible: null, card_hidden: null, approve: null, reject: null, more_time: null, later: null, prefer: null,
  grants: [], revoke_grant: null, suggestions: [], accept_suggestion: null, decline_suggestion: null, attention: nobody(), approved_places: [], forget_place: null, threats: threats(), reject_all: null, open_one_by_one: null, stop_all: null, lift_stop: null, pause: null,
  choose_preset: null, replay: replayed(), set_autostart: null, inspect: plainly(), add_server: null, remove_server: null, review_server: null, look_now: difference(), set_own_domains: null, set_own_terms: null, set_spotlight: null, proof_means: { system: false, no_system: "its file app.consentry.policy is not installed", passphrase: true, wait_until: null }, choose_passphrase: null, known_clients: [{ identity: "ab".repeat(32), program: "/opt/Claude/claude-desktop", script: null, let_in_at: NOW - 86_400_000, connected: true, suspended: false }, { identity: "cd".repeat(32), program: "/usr/bin/node", script: HOSTILE.bidi, let_in_at: NOW - 9_000_000, connected: true, suspended: true }], suspend_client: null, new_chat: null,
  clients: files(), plan_clients: planned(), change_clients: done(), unguarded: [], leave_entry: null,
  edit_call: null, add_remote: null, plan_login: login.plan(), log_in: null, stop_login: null, log_out: "https://login.acme.example was told that the tokens are void", batch_visible: null, batch_hidden: null, approve_batch: [],
});

const main = (name, hash, replies = {}, more = {}) => ({ name, window: "main", hash, replies: { ...usual(), ...replies }, ...more });
const prompt = (name, view, more = {}) => ({
  name: `card-${name}`, window: "prompt", hash: "", settle: 250, ...more,
  replies: { ...usual(), current_question: { question: view, place: view ? 1 : 0, of: view ? 1 : 0, act: view?.act ?? null }, ...more.replies },
});
const press = (text) => async (page) => {
  await page.evaluate((text) => {
    const found = [...document.querySelectorAll("button, summary, a")].find((at) => at.textContent.includes(text) && at.checkVisibility());
    if (!found) throw new Error(`nothing to press says ${text}`);
    found.click();
  }, text);
};
const unfold = async (page) => page.evaluate(() => document.querySelectorAll("details").forEach((at) => { at.open = true; }));
const type = (text) => async (page) => { await page.type("#search", text); await new Promise((done) => setTimeout(done, 400)); };
// An outcome gives way by itself, unless somebody rests on it.
const rest = (page) => page.evaluate(() => document.querySelector(".card").dispatchEvent(new PointerEvent("pointerenter")));
const read = (page) => page.evaluate(() => { const pane = document.querySelector(".card-body"); pane.scrollTo(0, pane.scrollHeight); });
const pick = (entry) => `activity/${entry.seq}`;

// What came of it stands below; it is scrolled to as a person would.
const LOOK = [press("Show what changes"), async (page) => {
  await new Promise((done) => setTimeout(done, 150));
  await page.evaluate(() => document.querySelector(".now").scrollIntoView());
}];
const INSPECT = [async (page) => { await page.type("textarea[name=inspected]", "A text."); await page.click("button.lead"); await new Promise((done) => setTimeout(done, 200)); }];
const nth_edit = (n) => async (page) => page.evaluate((n) => document.querySelectorAll(".editing .edit")[n - 1].click(), n);
const rewrite = (text) => async (page) => { await page.type(".edit-form textarea", text); };
const tick = (n) => async (page) => page.evaluate((n) => document.querySelectorAll(".batch-list input")[n].click(), n);
const batch = (questions, may = []) => ({
  current_question: { question: questions[0], place: 1, of: questions.length, act: null, batch: { items: questions.map((question, n) => ({ question, may_be_chosen: may[n] ?? true })) } },
});

const waiting = [mail(), payment(), hostile(), trust(), newcomer()];

export const SCENES = [
  main("inbox", "inbox", { inbox: { waiting, ended: [ended(removal(), "rejected"), ended(mail(), "approved", "completed"), ended(mail(), "expired", "", "")] }, status: status({ waiting: 5 }) }),
  main("inbox-empty", "inbox"),
  main("inbox-broken", "inbox", { inbox: fault("consentry.db can’t be read: the disk is full.") }, { faulty: true }),
  main("offline", "inbox", { status: fault("The broker stopped.", "no_broker"), inbox: fault("The broker stopped.", "no_broker") }, { faulty: true }),
  main("not-kept-up-to-date", "servers", { deaf: { code: "no_broker", message: "x" }, status: status({ decisions: "cli" }) }),
  main("stopped", "inbox", { status: status({ stopped: true }) }),
  main("quiet", "inbox", { status: status({ quiet_until: NOW + 600_000 }) }),
  main("inbox-flood", "inbox", { inbox: { waiting, ended: [], floods: [{ server: HOSTILE.bidi, waiting: 37 }] } }),
  main("grants", "grants", { grants: grants() }),
  main("grants-empty", "grants"),
  main("grants-suggested", "grants", { grants: grants(), suggestions: suggestions() }),
  main("grants-places", "grants", { grants: grants(), approved_places: places() }, { steps: [unfold] }),
  main("grants-suggested-only", "grants", { suggestions: suggestions() }),
  main("inbox-attention", "inbox", { inbox: { waiting, ended: [] }, attention: attention() }, { steps: [unfold] }),
  main("inbox-attention-hasty", "inbox", { attention: attention({ hasty: 30, median_ms: 900 }) }, { steps: [unfold] }),
  main("clients-threats", "clients", {}, { faulty: true, steps: [press("What it could be made to do"), async (page) => page.evaluate(() => document.querySelector(".threats").scrollIntoView())] }),
  main("clients-threats-hostile", "clients", { threats: hostileThreats() }, { faulty: true, steps: [press("What it could be made to do"), async (page) => page.evaluate(() => document.querySelector(".threats").scrollIntoView())] }),
  main("tour-1", "inbox", { settings: settings({ preferences: preferences({ tour_seen: false }) }) }),
  main("tour-3", "servers", { settings: settings({ preferences: preferences({ tour_seen: false }) }), servers: nothing }, { steps: [press("Next"), press("Next")] }),
  main("activity", "activity"),
  main("activity-unfolded", pick(SENT), {}, { steps: [unfold] }),
  main("activity-blocked", pick(BLOCKED), { entry: blocked() }),
  main("activity-unknown", pick(LOST), { entry: lost() }),
  main("activity-hostile", pick(MISREAD), { entry: misread() }, { steps: [unfold] }),
  main("activity-no-story", pick(TRUSTED), { entry: detail(TRUSTED, { bodies: [] }) }),
  main("activity-filtered", "activity", { "activity?": ENTRIES.slice(0, 2) }, { steps: [type("ann")] }),
  main("activity-dates", "activity", {}, { steps: [(page) => page.select('select[aria-label="When"]', "between")] }),
  main("activity-nothing-found", "activity", { "activity?": [] }, { steps: [type("zebra")] }),
  main("activity-empty", "activity", { activity: [entry({ kind: "started", call: null })] }),
  main("activity-broken", "activity", { activity: fault("consentry.db can’t be read: the disk is full.") }, { faulty: true }),
  main("export", "activity", { export_activity: "/home/jo/Downloads/consentry-activity-2026-11-22.csv" }, { steps: [press("Export…"), press("Spreadsheet")] }),
  main("export-failed", "activity", { export_activity: fault("Nothing was exported: /home/jo/Downloads can’t be written: the disk is full.") }, { steps: [press("Export…"), press("Exact records")], faulty: true }),
  main("servers", "servers", { servers: { ...nothing, servers: [
    server("files"), server("mail", { trust: "drifted", running: 2, tools: [...TOOLS, tool("forward_all", ["send"], { pin: "new" }), tool("search", ["read", "send"], { pin: "drifted" })] }),
    server("shop", { trust: "untrusted", running: 0, tools: [], trusted_at: null, calls_today: [0, 0] }),
    server(HOSTILE.bidi, { trust: "broken", running: 0, command: ["node", HOSTILE.ansi, HOSTILE.line], fault: "Its program is another than was accepted.", stderr: [HOSTILE.fake, HOSTILE.ansi] }),
    server("weather", { trust: "proposed", running: 0, tools: [], trusted_at: null }),
  ] } }),
  main("servers-hostile", "servers", { servers: { ...nothing, servers: [server(HOSTILE.bidi, { trust: "broken", running: 0, command: ["node", HOSTILE.ansi, HOSTILE.line], fault: "Its program is another than was accepted.", stderr: [HOSTILE.fake, HOSTILE.ansi] })] } }, { steps: [unfold], faulty: true }),
  main("servers-empty", "servers", { servers: nothing }),
  main("servers-add", "servers", {}, { steps: [press("Add server")] }),
  main("servers-add-remote", "servers", {}, { steps: [press("Add server"), async (page) => { await page.click("input[name=where]:not([checked])"); await page.evaluate(() => document.querySelectorAll("input[name=where]")[1].click()); }] }),
  main("login-ready", "servers", { servers: { ...nothing, servers: [login.ready()] } }, { steps: [press("tickets")] }),
  main("login-needed", "servers", { servers: { ...nothing, servers: [login.needed()] } }, { steps: [press("tickets")], faulty: true }),
  main("login-more", "servers", { servers: { ...nothing, servers: [login.more()] } }, { steps: [press("tickets")] }),
  main("login-under-way", "servers", { servers: { ...nothing, servers: [login.underWay()] } }, { steps: [press("tickets")] }),
  main("login-plan", "servers", { servers: { ...nothing, servers: [login.needed()] } }, { steps: [press("tickets"), press("See what it asks for")] }),
  main("login-odd", "servers", { servers: { ...nothing, servers: [login.odd()] } }, { steps: [press("tickets")], faulty: true }),
  main("login-step-up", "servers", { servers: { ...nothing, servers: [login.more()] }, plan_login: login.stepUp() }, { steps: [press("tickets"), press("See what it asks for")] }),
  main("login-plan-hostile", "servers", { servers: { ...nothing, servers: [login.needed()] }, plan_login: login.hostilePlan() }, { steps: [press("tickets"), press("See what it asks for")], faulty: true }),
  main("login-fault", "servers", { servers: { ...nothing, servers: [login.needed()] }, plan_login: fault("No login can be made at `tickets`: nobody is said to guard it.", "server") }, { steps: [press("tickets"), press("See what it asks for")], faulty: true }),
  main("login-out", "servers", { servers: { ...nothing, servers: [login.ready()] } }, { steps: [press("tickets"), press("Log out…")] }),
  main("servers-suspended", "servers", { servers: { ...nothing, servers: [server("files", { suspended: "3 calls within 10 minutes ran into the rule “The same call again and again”" }), login.ready()] } }, { steps: [press("files")], faulty: true }),
  main("servers-remove", "servers", {}, { steps: [press("files"), press("Remove…")] }),
  main("servers-broken", "servers", { servers: { ...nothing, fault: "servers.json, line 3: expected a comma.", servers: [server("files")] } }, { faulty: true }),
  main("clients", "clients", {}, { faulty: true }),
  main("clients-risky", "clients", {}, { faulty: true, steps: [press("github")] }),
  main("clients-guarded", "clients", {}, { faulty: true, steps: [press("mail")] }),
  main("clients-not-yet", "clients", {}, { faulty: true, steps: [press("build")] }),
  main("clients-hostile", "clients", { clients: hostileFiles() }, { steps: [press("Goes around")] }),
  main("clients-plan", "clients", {}, { faulty: true, steps: [press("Protect all…")] }),
  main("clients-plan-hostile", "clients", { clients: hostileFiles(), plan_clients: hostilePlan() }, { steps: [press("Protect all…")] }),
  main("clients-unprotect", "clients", { plan_clients: unprotecting() }, { faulty: true, steps: [press("mail"), press("Unprotect…")] }),
  main("clients-done", "clients", {}, { faulty: true, steps: [press("Protect all…"), press("Protect 2 servers")] }),
  main("clients-nothing-to-do", "clients", { plan_clients: planned().slice(3) }, { faulty: true, steps: [press("Protect all…")] }),
  main("clients-empty", "clients", { clients: [] }),
  main("clients-broken", "clients", { clients: fault("HOME is not set, so the files of clients can’t be found.", "invalid") }, { faulty: true }),
  main("inbox-unguarded", "inbox", { unguarded: news(), inbox: { waiting, ended: [] }, status: status({ waiting: 5 }) }),
  main("inbox-unguarded-alone", "inbox", { unguarded: news().slice(0, 1) }),
  main("policies", "policies"),
  main("policies-rule", "policies/balanced-new-destination", {}, { steps: [unfold] }),
  main("policies-sleeping", "policies/no-mail-at-night", {}, { steps: [unfold] }),
  main("policies-try", "policies", {}, { steps: [press("Try it on past calls")] }),
  main("policies-replay", "policies", {}, { steps: [press("Try it on past calls"), press("Play")] }),
  main("policies-gone", "policies/was-there-once"),
  main("policies-looser", "policies", { policies: policies({ presets: LOOSER }) }, { steps: [press("Preset: "), press("Use Balanced…")] }),
  main("policies-none", "policies", { policies: policies({ rules: policies().rules.filter((r) => r.layer !== "user"), tools: 0, preset_fixed: true, presets: policies().presets.map((p) => ({ ...p, asks: 0, runs: 0, changes: [] })) }) }),
  main("policies-mistake", "policies", { policies: policies({ faults: ["mine.cedar, line 4: policy no-mail-at-night: unexpected token `unles`. The last good version stays in force.", `${HOSTILE.bidi}.cedar, line 1: ${HOSTILE.ansi}`] }) }, { faulty: true }),
  main("policies-hostile", "policies/mine", { policies: policies({ rules: [...policies().rules, HOSTILE_RULE] }) }, { steps: [unfold] }),
  main("policies-broken", "policies", { policies: fault("The broker stopped.", "no_broker") }, { faulty: true }),
  main("inspect", "inspect"),
  main("inspect-plain", "inspect", {}, { steps: INSPECT }),
  main("inspect-hostile", "inspect", { inspect: disguised() }, { steps: INSPECT }),
  main("inspect-too-long", "inspect", { inspect: fault("That is more than 1 MB. Paste a part of it.", "invalid") }, { steps: INSPECT, faulty: true }),
  main("activity-flagged", pick(SENT), { entry: flagged() }),
  main("settings", "settings"),
  main("settings-broken", "settings", { settings: settings({ autostart: null, fault: "settings.json can’t be read: expected value at line 1 column 2. The usual settings hold." }) }, { faulty: true }),

  prompt("arming", mail(), { settle: 0 }),
  prompt("send", mail(), { settle: 900 }),
  prompt("leaves", mail(leaving()), { settle: 900 }),
  prompt("leaves-elsewhere", mail({ ...leaving(true), level: "step_up", arms_after_ms: 2_000 }), { settle: 2_400 }),
  prompt("delete", removal(), { settle: 900 }),
  prompt("pay", payment(), { settle: 2_400 }),
  prompt("pay-choose", payment(), { settle: 2_400, steps: [read], replies: { proof_means: { system: false, no_system: "", passphrase: false, wait_until: null } } }),
  prompt("pay-system", payment(), { settle: 2_400, steps: [read], replies: { proof_means: { system: true, no_system: "", passphrase: true, wait_until: null } } }),
  prompt("pay-wrong", payment(), { settle: 2_400, faulty: true, replies: { approve: fault("That is not your passphrase. Try again in 60 seconds.", "proof_missing"), proof_means: { system: false, no_system: "", passphrase: true, wait_until: NOW + 60_000 } }, steps: [(page) => page.click('.picks label:nth-child(2) input'), (page) => page.type('.proof input', "correct horse"), read, (page) => page.click('button.approve')] }),
  prompt("pay-picked", payment(), { settle: 2_400, steps: [(page) => page.click('.picks label:nth-child(2) input')] }),
  prompt("hostile", hostile(), { settle: 900 }),
  prompt("hostile-unfolded", hostile(), { settle: 300, steps: [unfold] }),
  prompt("closed", hostile({ closed: "The values could not be checked." }), { settle: 900 }),
  prompt("last-seconds", mail({ expires_at: NOW + 9_000 }), { settle: 700 }),
  prompt("queue", mail(), { replies: { current_question: { question: mail(), place: 2, of: 5, act: null } } }),
  prompt("run", command()),
  prompt("run-address", login.address()),
  prompt("trust", trust()),
  prompt("drift", trust("drift", [tool("send_mail", ["send"], { pin: "drifted" }), tool("forward_all", ["send"], { pin: "new" }), tool("old", ["read"], { pin: "gone" }), ...TOOLS.slice(4)])),
  prompt("client", newcomer()),
  prompt("rules", rules()),
  prompt("rejected", ended(mail(), "rejected"), { steps: [rest] }),
  prompt("approved", ended(mail(), "approved", "completed"), { steps: [rest] }),
  prompt("failed", ended(mail(), "approved", "failed"), { steps: [rest] }),
  prompt("unknown", ended(payment(), "approved", "unknown"), { steps: [rest] }),
  prompt("expired", ended(mail(), "expired", "", ""), { steps: [rest] }),
  prompt("withdrawn", ended(mail(), "withdrawn", "", ""), { steps: [rest] }),
  prompt("too-early", mail(), { settle: 900, steps: [press("Approve")], replies: { approve: fault("The card was not visible long enough yet.", "too_early") }, faulty: true }),
  prompt("flood", null, { replies: { current_question: { question: null, place: 0, of: 37, act: null, flood: { server: "mail", waiting: 37 } } } }),
  prompt("nothing", null),
  prompt("no-arguments", question({ sentence: [{ ours: "Call " }, { slot: "refresh" }], tool: "refresh", effects: ["write"] })),
  prompt("now-offered", write(), { settle: 900 }),
  prompt("now-difference", write(), { settle: 900, steps: LOOK }),
  prompt("now-new", write(), { settle: 900, steps: LOOK, replies: { look_now: made() } }),
  prompt("now-same", write(), { settle: 900, steps: LOOK, replies: { look_now: same() } }),
  prompt("now-hostile", write(), { settle: 900, steps: LOOK, replies: { look_now: lied() } }),
  prompt("now-record", ticket(), { settle: 900, steps: LOOK, replies: { look_now: record() } }),
  prompt("now-unread", write(), { settle: 900, steps: LOOK, replies: { look_now: unread() } }),
  prompt("now-refused", write(), { settle: 900, steps: LOOK, replies: { look_now: refused() } }),
  prompt("now-stopped", write(), { settle: 900, steps: LOOK, replies: { look_now: fault("Everything is stopped, so nothing is read.", "not_here") }, faulty: true }),
  prompt("party-first", first(), { settle: 900 }),
  prompt("party-seen", seen(), { settle: 900 }),
  prompt("party-alike", alike(), { settle: 900 }),
  prompt("edit", mail(), { settle: 900, steps: [press("Edit")] }),
  prompt("edit-hostile", hostile(), { settle: 900, steps: [nth_edit(4)] }),
  prompt("edited", edited(), { settle: 900 }),
  prompt("bulk", bulk()),
  prompt("origins", origins(), { settle: 900 }),
  prompt("origins-values", origins(), { settle: 900, steps: [async (page) => page.evaluate(() => document.querySelector(".values").scrollIntoView())] }),
  prompt("origins-where", origins(), { settle: 900, steps: [press("Show where"), async (page) => page.evaluate(() => document.querySelector(".values").scrollIntoView())] }),
  prompt("edited-hostile", hostile({ edits: [{ pointer: "/path", from: HOSTILE.line + HOSTILE.bidi, value: '"x"' }, { pointer: "/text", from: "", value: '"y"' }] }), { settle: 900 }),
  prompt("edit-refused", mail(), { settle: 900, steps: [press("Edit"), rewrite("x"), press("Use this value")], replies: { edit_call: fault("The changed call may not run: Consentry’s own files. No tool may name them. Nothing was changed.", "invalid") }, faulty: true }),
  prompt("batch", note(1), { settle: 900, steps: [tick(0), tick(2)], replies: batch([1, 2, 3, 4, 5, 6].map((n) => note(n))) }),
  prompt("batch-mixed", note(1), { settle: 900, replies: batch([removal(), removal(), payment(), hostile()], [false, false, false, true]) }),
  prompt("offline", null, { replies: { current_question: fault("The broker stopped.", "no_broker") } }),
];
