// Entries and rules for the pages of the main window.

import { HOSTILE, NOW, mail, hostile, reason } from "./data.mjs";

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

let seq = 18_402;
export const entry = (over = {}) => {
  seq -= 1;
  return {
    seq, at: NOW - (18_402 - seq) * 7 * MINUTE, kind: "outcome", call: `01936f2e-0000-7000-9000-${seq}`, client: "claude-desktop",
    server: "files", tool: "read_file", result: "completed", summary: "claude-desktop called read_file on files.", effects: ["read"],
    asked: false, ...over,
  };
};

export const SENT = entry({ server: "mail", tool: "send_mail", effects: ["send"], asked: true, summary: "claude-desktop called send_mail on mail." });
export const BLOCKED = entry({ kind: "refused", result: "denied", server: "shell", tool: "run", effects: ["execute"], summary: "Blocked: claude-desktop called run on shell. The call names what protects you." });
export const LOST = entry({ result: "unknown", server: "shop", tool: "publish", effects: ["send"], asked: true, summary: "claude-desktop called publish on shop; whether it ran is unknown." });
export const MISREAD = entry({ kind: "refused", result: "rejected", client: "node", tool: HOSTILE.tags, asked: true, effects: ["write"],
  summary: "You said no: node called Weekly report[15 tag characters] on files." });

export const ENTRIES = [
  SENT, entry(), entry({ tool: "list_folder", summary: "claude-desktop called list_folder on files." }), BLOCKED,
  entry({ kind: "refused", result: "rejected", server: "mail", tool: "delete_mail", effects: ["delete"], asked: true, summary: "You said no: claude-desktop called delete_mail on mail." }),
  LOST, MISREAD,
  entry({ result: "failed", server: "mail", tool: "search", summary: "claude-desktop called search on mail; the server answered with an error." }),
  entry({ kind: "decided", call: null, result: "preset", client: "", server: "", tool: "", effects: [], summary: "The preset cautious was put in force, in place of balanced." }),
  entry({ kind: "decided", call: null, result: "trust", client: "", server: "mail", tool: "", effects: [], summary: "The tools of mail are trusted as they are." }),
  entry({ kind: "connected", call: null, result: "", server: "mail", tool: "", effects: [], summary: "claude-desktop connected to mail." }),
  ...Array.from({ length: 8 }, () => { const e = entry(); return { ...e, at: e.at - DAY }; }),
  entry({ kind: "started", call: null, result: "", client: "", server: "", tool: "", effects: [], summary: "Consentry started.", at: NOW - 3 * DAY }),
].sort((a, b) => b.seq - a.seq);

const record = (entry, more = {}) => JSON.stringify({ at: entry.at, call: entry.call, client: entry.client, kind: entry.kind, ...more });

export const detail = (entry, over = {}) => ({
  entry, record: record(entry, { result: entry.result, bytes: 12345678901234567000, ratio: "1.10" }),
  bodies: [["arguments", '{"path":"/home/jo/notes/today.md","lines":40}']], hash: "0f3c71e0b8aa".repeat(5) + "abcd",
  previous: "77aa19e0b8aa".repeat(5) + "abcd", related: [], story: null, ...over,
});

const step = (step, at) => ({ step, at });
const from = NOW - 8 * MINUTE;

export const sent = () => detail(SENT, {
  explained: EXPLAINED,
  bodies: [["arguments", JSON.stringify({ to: "ann@halden.example", subject: "Minutes of Thursday" })], ["card", JSON.stringify(mail())]],
  related: [
    entry({ kind: "asked", result: "", summary: "Asked the person whether claude-desktop may call send_mail on mail." }),
    entry({ kind: "answered", result: "approved", summary: "The person said yes." }),
    entry({ kind: "intent", result: "approved", summary: "claude-desktop called send_mail on mail, with a person’s yes." }),
  ],
  story: {
    said: ["A person was asked and said yes in Consentry’s window, after 9.4 s.", "It was sent to the server, exactly as the card showed it.", "The server answered, and the client got the answer."],
    reasons: [reason("send-needs-person", "Sending to others", "This leaves your machine for someone else.")],
    answered_by: "window", reason: "",
    steps: [step("asked", from), step("visible", from + 310), step("answered", from + 9_400), step("sent", from + 9_440), step("done", from + 11_900)],
    card: mail(),
  },
});

export const blocked = () => detail(BLOCKED, {
  bodies: [["arguments", '{"line":"cat ~/.config/consentry/servers.json"}']],
  story: {
    said: ["Nobody was asked. Nothing was sent. The client was told: “The call names what protects you.”"],
    reasons: [reason("protected-places-never-touched", "This touches what protects you", "The call names Consentry’s own files, an app’s list of servers, programs that start by themselves, or your saved passwords.")],
    answered_by: "", reason: "", steps: [step("done", BLOCKED.at)], card: null,
  },
});

export const lost = () => detail(LOST, {
  story: {
    said: ["A person was asked and said yes in Consentry’s window, after 2 min 5 s.", "It was sent to the server, exactly as the card showed it.", "What became of it is unknown. Consentry ended while the call was on its way; whether it ran is unknown: check the server."],
    reasons: [], answered_by: "window", reason: "", steps: [step("asked", from), step("answered", from + 125_000), step("sent", from + 125_040)], card: null,
  },
});

export const misread = () => detail(MISREAD, {
  bodies: [["arguments", JSON.stringify({ path: HOSTILE.bidi, text: HOSTILE.ansi + HOSTILE.fake, blob: HOSTILE.line })]],
  story: {
    said: ["A person was asked and said no in Consentry’s window, after 4.0 s.", "Nothing was sent. The client was told: “Denied by the user; do not retry.”"],
    reasons: [reason("write-needs-person", "Changing something", "This creates or changes something.")],
    answered_by: "window", reason: HOSTILE.fake + HOSTILE.bidi, steps: [step("asked", from), step("visible", from + 200), step("answered", from + 4_000)],
    card: hostile(),
  },
});

const rule = (id, title, why, layer, demand, effects, over = {}) => ({
  id, title, why, layer, demand, effects, actions: [], server: null, conditional: false, dormant: false,
  file: layer === "floor" ? "baseline.cedar" : layer === "user" ? "mine.cedar" : "balanced.cedar", line: 12,
  text: `@id("${id}")\n@title("${title}")\n@why("${why}")\nforbid (principal, action in Action::"${effects[0] ?? "any_tool"}", resource)\nunless { context.call.consent.approved };`, ...over,
});

export const HOSTILE_RULE = rule("mine", HOSTILE.bidi + " " + HOSTILE.fake, HOSTILE.ansi + HOSTILE.tags, "user", "approve", ["write"]);

export const policies = (over = {}) => ({
  rules: [
    rule("base-tools", "base-tools", "", "floor", "permits", []),
    rule("changed-tool-never-runs", "The tool has changed", "The tool, or the program behind it, is not the one you approved.", "floor", "never", [], { conditional: true }),
    rule("pay-needs-step-up", "Spending money", "This can move your money or buy something, and often can’t be taken back.", "floor", "step_up", ["pay"]),
    rule("delete-needs-person", "Deleting or replacing something", "What is there now may not come back.", "floor", "approve", ["delete"]),
    rule("hidden-characters-need-person", "Hidden characters", "The call holds characters that can’t be seen, which can make it say something else than it seems to.", "floor", "approve", [], { conditional: true }),
    rule("balanced-new-destination", "This goes somewhere new", "You have not yet approved anything that goes there.", "preset", "approve", []),
    rule("balanced-execute-needs-person", "Running a program", "This runs a program, which can do anything that you can do.", "preset", "approve", ["execute"]),
    rule("no-mail-at-night", "No mail at night", "I want to see every mail in daylight.", "user", "never", [], { server: "mail", actions: ["send_mail"], dormant: true, conditional: true }),
  ],
  presets: [
    { name: "cautious", in_force: false, asks: 15, runs: 8, changes: [{ server: "mail", tool: "move_mail", asks: true }, { server: "files", tool: "append_note", asks: true }] },
    { name: "balanced", in_force: true, asks: 13, runs: 10, changes: [] },
  ],
  preset_fixed: false, faults: [], folder: "/home/jo/.config/consentry/policies", tools: 23, ...over,
});

export const LOOSER = [
  { name: "cautious", in_force: true, asks: 15, runs: 8, changes: [] },
  { name: "balanced", in_force: false, asks: 13, runs: 10, changes: [{ server: "mail", tool: "move_mail", asks: false }, { server: "files", tool: HOSTILE.bidi, asks: false }] },
];

const turned = (over = {}) => ({ seq: 18_311, call: "01936f2e-0000-7000-9000-18311", at: NOW - 3 * MINUTE, client: "claude-desktop", server: "mail", tool: "send_mail", before: "permits", after: "approve", policies: ["send-needs-person"], titles: ["Sending to others"], ...over });
export const replayed = (over = {}) => ({
  since: NOW - 30 * DAY, calls: 1_842, added: 37, gone: 0, blocked: 1, unblocked: 0, stricter_or_milder: 2,
  skipped: [["their server or tool is no longer trusted, or has changed", 12]], more: 31,
  changes: [
    turned(), turned({ seq: 18_290, server: "files", tool: "write_file", titles: ["Changing something"], at: NOW - 2 * DAY }),
    turned({ seq: 18_204, before: "approve", after: "step_up", server: "bank", tool: "pay", titles: ["Spending money"], at: NOW - 5 * DAY }),
    turned({ seq: 18_110, before: "approve", after: "never", client: HOSTILE.fake, server: "shell", tool: HOSTILE.tags, titles: [HOSTILE.bidi], at: NOW - 9 * DAY }),
  ], ...over,
});
export const EXPLAINED = [
  "Unasked, the tool: denied.", "  forbidden by balanced-private-data-may-leave (preset): Private data may leave. This conversation has read private data and text that anybody may have written, and now something goes out.", "  permitted by base-tools (floor)",
  "Unasked, the address ann@halden.example: allowed.", "  permitted by base-destinations (floor)",
  "With a yes, the tool: allowed.", "  permitted by base-tools (floor)", "With a yes, the address ann@halden.example: allowed.", "  permitted by base-destinations (floor)",
];
