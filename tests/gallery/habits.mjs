// What the log tells of a person's answers, and what a client could be made to do.

import { HOSTILE, NOW, mail } from "./data.mjs";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

export const attention = (over = {}) => ({
  since: NOW - 7 * 24 * HOUR, questions: 38, hours: 21, approved: 31, rejected: 4, expired: 3, median_ms: 6_400, hasty: 5, in_a_row: 9, longest_row: 14, ...over,
});
export const nobody = () => attention({ questions: 0, hours: 0, approved: 0, rejected: 0, expired: 0, median_ms: null, hasty: 0, in_a_row: 0, longest_row: 0 });

const suggestion = (id, over = {}) => ({
  id: id.repeat(64), client: "claude-desktop", server: "files", tool: "write_file",
  fields: [["path", [{ ours: "anything in " }, { slot: "/home/jo/notes/" }]], ["content", [{ ours: "anything not copied from others" }]]],
  rules: ["Changing something"], count: 14, rejected: 2, since: NOW - 30 * 24 * HOUR, lifetimes: ["quarter", "hour", "always"],
  covers: [...Array(14).keys()].map((n) => ({ seq: 18_000 - n, at: NOW - n * 5 * HOUR })), ...over,
});
export const suggestions = () => [
  suggestion("a"),
  suggestion("b", {
    client: HOSTILE.fake, server: HOSTILE.bidi, tool: HOSTILE.tags, count: 3, rejected: 0, rules: [HOSTILE.bidi, "Running a program"],
    fields: [["command", [{ ours: "exactly " }, { slot: HOSTILE.hidden + HOSTILE.line }]]], covers: [{ seq: 3, at: NOW - 3 * HOUR }],
  }),
];

const ref = (server, tool) => ({ server, tool });
export const threats = (over = {}) => {
  const outward = [ref("mail", "send_mail"), ref("web", "fetch")];
  const read = [ref("files", "read_file"), ref("mail", "search"), ref("mail", "read_mail")];
  return {
    identity: "ab".repeat(32), client: "/opt/Claude/claude-desktop", servers: ["files", "mail", "web"], others: ["shell"],
    private: read, untrusted: [...read, ref("web", "fetch")], outward, together: true,
    cuts: [{ leg: "outward", tools: outward }, { leg: "private", tools: read }, { leg: "untrusted", tools: [...read, ref("web", "fetch")] }], ...over,
  };
};
export const hostileThreats = () => threats({
  servers: [HOSTILE.bidi], others: [], private: [...Array(30).keys()].map((n) => ref(HOSTILE.bidi, `${HOSTILE.tags} ${n}`)), untrusted: [ref("web", HOSTILE.line)], outward: [], together: false, cuts: [],
});

export const places = () => [
  { removed: false, server: "mail", kind: "address", value: "ann@halden.example", at: NOW - HOUR },
  { removed: false, server: HOSTILE.bidi, kind: "name", value: HOSTILE.hidden, at: NOW - 30 * HOUR },
  { removed: false, server: "web", kind: "url", value: `https://halden.example/${"very-long-path/".repeat(20)}`, at: NOW - 90 * HOUR },
  { removed: true, server: "cd".repeat(32), kind: "host", value: "hooks.halden.example", at: NOW - 99 * HOUR },
];

export const bulk = () => mail({
  level: "step_up", arms_after_ms: 2_000,
  reasons: [{
    policy: "bulk-export-needs-step-up", title: "A great deal would leave",
    why: "With what went out before, this is more than a person usually sends: many recipients, many records or a lot of data. In the last hour, this call included: 27 recipients; 310 records, 1.2 MB sent. In the last 24 hours, this call included: 41 recipients; 310 records, 1.3 MB sent; 12,345 records, 3.4 MB read.",
  }],
  act: { question: "Which of these is in this call?", choices: ["bnn@halden.example", "ann@halden.example", "ann@hblden.example"] },
});
