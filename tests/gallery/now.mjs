// Cards whose question has something to be held against, and what the server would say; cards that say whom a call goes to.

import { HOSTILE, NOW, mail, question, reason, tool } from "./data.mjs";

const writes = reason("write-needs-person", "Changing something", "This creates or changes something.");
const DAY = 24 * 3_600_000;
const line = (sign, text) => ({ sign, text, folded: 0 });
const fold = (folded) => ({ sign: "same", text: "", folded });
const now = (over = {}) => ({
  tool: "read_text_file", held: "differs", lines: [], fields: [], added: 0, removed: 0, cut: false, said: "", why: "", at: NOW, ...over,
});
const value = (pointer, text, marks = [], kind = "string") => ({ pointer, name: pointer.slice(1), text, kind, declared: true, marks });

// Asked to write a file; the same server can read it.
export const write = (over = {}) => question({
  server: "files", tool: "write_file", effects: ["write", "delete"], reasons: [writes], now: { tool: "read_text_file" },
  sentence: [{ ours: "Write " }, { ours: "6 lines" }, { ours: " to " }, { slot: "/home/jo/notes/plan.md" }, { ours: "." }, { rest: " What was there before may be gone." }],
  destinations: [{ kind: "path", value: "/home/jo/notes/plan.md", pointer: "/path" }],
  values: [value("/path", "/home/jo/notes/plan.md"), value("/content", "# Plan\n\n- Call Ann\n- Book the hall for 40\n- Cake\n- Pay the deposit\n")],
  arguments_text: JSON.stringify({ path: "/home/jo/notes/plan.md", content: "# Plan" }),
  definition: tool("write_file", ["write", "delete"]), ...over,
});

export const difference = () => now({
  added: 2, removed: 1,
  lines: [fold(12), line("same", "# Plan"), line("same", ""), line("same", "- Call Ann"), line("gone", "- Book the hall for 25"), line("new", "- Book the hall for 40"), line("same", "- Cake"), line("new", "- Pay the deposit"), fold(31)],
});
export const made = () => now({ held: "new", added: 3, lines: [line("new", "# Plan"), line("new", ""), line("new", "- Call Ann")] });
export const lied = () => now({
  held: "differs", added: 2, removed: 3, cut: true, tool: HOSTILE.tags,
  lines: [line("gone", HOSTILE.ansi + HOSTILE.bidi), line("gone", HOSTILE.fake), line("gone", HOSTILE.line), line("new", HOSTILE.hidden), line("new", HOSTILE.line)],
});
export const unread = () => now({ held: "failed", why: "The server did not answer within 2 seconds." });
export const refused = () => now({ held: "refused", said: "Access denied: " + HOSTILE.ansi + " path outside allowed directories" });
export const same = () => now({ held: "same" });

export const ticket = () => question({
  server: "tracker", tool: "update_issue", effects: ["write"], reasons: [writes], now: { tool: "get_issue" },
  sentence: [{ ours: "Change number " }, { slot: "4711" }, { ours: " in " }, { slot: "halden/website" }, { ours: ", to " }, { slot: "closed" }, { ours: "." }],
  values: [value("/repo", "halden/website"), value("/issue_number", "4711", [], "number"), value("/state", "closed"), value("/title", "Cake"), value("/labels", "[\"done\"]", [], "array"), value("/note", "n")],
  definition: tool("update_issue", ["write"]),
});
export const record = () => now({
  tool: "get_issue",
  fields: [
    { name: "state", before: "open", after: "closed" },
    { name: "title", before: "Who brings the cake on Thursday, and which one? " + "Long words. ".repeat(12), after: "Cake" },
    { name: "labels", before: "[\"waiting\",\"food\"]", after: "[\"done\"]" },
    { name: "assignee", before: null, after: "jo" },
    { name: "milestone", before: "May", after: "May" },
    { name: "note", before: HOSTILE.bidi, after: "" },
  ],
});

const party = (pointer, value, over = {}) => ({ pointer, mark: "party", kind: "address", value, times: 0, last_at: null, inside: null, like: null, ...over });
const to = (address, ...marks) => mail({
  destinations: [{ kind: "address", value: address, pointer: "/to" }],
  sentence: [{ ours: "E-mail " }, { slot: address }, { ours: ", about " }, { slot: "Minutes" }, { ours: "." }, { rest: " It can’t be taken back." }],
  values: [value("/to", address, marks), value("/subject", "Minutes"), value("/body", "Dear Ann,\n\nplease find the minutes below.")],
});
export const first = () => to("ann@halden.example", party("/to", "ann@halden.example", { inside: false }));
export const seen = () => to("ann@halden.example, bo@jo.example", party("/to", "ann@halden.example", { times: 14, last_at: NOW - 19 * DAY, inside: false }), party("/to", "bo@jo.example", { times: 1, last_at: NOW - 3_600_000, inside: true }));
export const alike = () => ({
  ...to("ann@ha1den.example", party("/to", "ann@ha1den.example", { like: "halden.example", inside: false })),
  findings: [{ class: "looks_like_another", severity: "danger", pointer: "/to", message: "The domain can be taken for one that you know, and is another." }],
});
