// Servers elsewhere and logins there, as the broker would tell of them. Names are invented.

import { HOSTILE, NOW, command, server } from "./data.mjs";

const MINUTE = 60_000;
const URL = "https://mcp.acme.example/mcp";

export const far = (login, over = {}) =>
  server("tickets", { command: [URL], env: [], stderr: [], running: 1, login: login && { state: "needed", why: "", scopes: [], expires_at: null, fingerprint: "", fault: null, ...login }, ...over });

export const ready = () => far({ state: "ready", scopes: ["tickets:read", "offline_access"], expires_at: NOW + 50 * MINUTE, fingerprint: "3fa1c09be2d47715" });
export const odd = () => far({ state: "ready", scopes: ["tickets:read", "profile", "email"], expires_at: NOW + 50 * MINUTE, fingerprint: "3fa1c09be2d47715", beyond: ["profile", HOSTILE.bidi], for_others: ["https://account.example", HOSTILE.line] });
export const needed = () => far({ state: "needed", why: "This server wants a login.", fault: "The login came to nothing: nobody came back from the browser in time." }, { trust: "untrusted", tools: [], trusted_at: null, running: 0, clients: [] });
export const more = () => far({ state: "more", why: "A call needs more rights than you gave.", scopes: ["tickets:read", "tickets:write"] });
export const underWay = () => far({ state: "under_way" });

const scope = (name, words, over = {}) => ({ name, words, risky: false, new: false, ticked: true, claimed_by: [], refused_without: [], ...over });

export const plan = (over = {}) => ({
  id: "1", server: "tickets", url: URL, host: "mcp.acme.example", issuer: "https://login.acme.example", issuer_host: "login.acme.example",
  encrypted: true, same_owner: true, claimed: "Acme Tickets", adds: false,
  scopes: [
    scope("tickets:read", "Read what you can read there", { claimed_by: ["list_tickets", "read_ticket", "search_tickets"] }),
    scope("tickets:write", "Create and change things there", { risky: true, ticked: false, claimed_by: ["create_ticket"] }),
    scope("offline_access", "Stay logged in when you are away, until you log out"),
  ],
  ...over,
});

export const stepUp = () => plan({ adds: true, scopes: [
  scope("tickets:read", "Read what you can read there"),
  scope("tickets:write", "Create and change things there", { risky: true, new: true, refused_without: ["create_ticket"], claimed_by: ["create_ticket", "close_ticket"] }),
] });

export const hostilePlan = () => plan({
  url: `https://${"very-long-".repeat(20)}example.com/mcp?${"x".repeat(300)}`, host: `${"very-long-".repeat(20)}example.com`,
  issuer: "http://127.0.0.1:8080/realms/demo", issuer_host: "127.0.0.1", encrypted: false, same_owner: false, claimed: HOSTILE.fake,
  scopes: [HOSTILE.bidi, HOSTILE.line, ...Array.from({ length: 58 }, (_, n) => `scope:${n}`)].map((name, n) =>
    scope(name, "Not known to Consentry: ask whoever runs the server", { risky: n % 2 === 0, ticked: false, claimed_by: n % 3 ? [] : [HOSTILE.bidi, HOSTILE.line, ...Array.from({ length: 20 }, (_, t) => `tool_${t}`)] })),
});

export const address = (over = {}) => ({
  ...command(), server: "tickets",
  sentence: [{ ours: "Use a new server, " }, { slot: "tickets" }, { ours: ", at " }, { slot: "mcp.acme.example" }, { ours: "." }, { rest: " What clients ask of it leaves this computer." }],
  reasons: [{ policy: "consentry.run", title: "A server elsewhere that nobody accepted yet", why: "Whoever runs it sees what is sent to it, and decides what it answers." }],
  run: { words: [URL], resolved: "", sha256: "", env: [{ name: "X-Team", value: null }], before: null }, ...over,
});
