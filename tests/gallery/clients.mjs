// What the scenes of the clients page are made of: files of clients, and what a change of them would write.

import { HOSTILE } from "./data.mjs";

const risk = (kind, message) => ({ class: kind, message });

export const entry = (server, state = "open", over = {}) => ({
  server, place: "/mcpServers", state, through: state === "protected" ? server : null,
  runs: state === "protected" ? ["/usr/bin/consentry", "connect", server, "--client", "cursor"] : ["npx", "-y", `@acme/${server}-server`, "/home/jo/notes"],
  url: null, env: [], risks: [], why: null, ...over,
});

export const file = (client, title, path, entries, over = {}) =>
  ({ client, title, file: `/home/jo/${path}`, project: null, entries, fault: null, ...over });

export const RISKY = entry("github", "open", {
  runs: ["npx", "-y", "@acme/github-server", "--token", "•••"], env: ["GITHUB_TOKEN", "LOG_LEVEL"],
  risks: [
    risk("approves_itself", "`trust` makes its client run every tool without asking."),
    risk("approves_itself", "`autoApprove` makes its client run 4 of its tools without asking."),
    risk("secret", "The variable GITHUB_TOKEN holds a secret in plain text."),
    risk("secret", "Its command line holds a secret in plain text, which every program on this machine can read."),
  ],
});

export const HOSTILE_ENTRY = entry(HOSTILE.bidi + HOSTILE.tags + HOSTILE.fake, "open", {
  runs: ["node", HOSTILE.ansi, HOSTILE.line, HOSTILE.hidden], env: [HOSTILE.hidden, "A".repeat(300)],
  risks: [risk("secret", "The variable pay[U+200B ZWSP]pal holds a secret in plain text.")],
});

export const files = () => [
  file("claude-desktop", "Claude Desktop", ".config/Claude/claude_desktop_config.json", [entry("files", "protected"), entry("mail", "protected", { through: "mail-claude-desktop" })]),
  file("claude-code", "Claude Code", ".claude.json", []),
  file("claude-code", "Claude Code", "work/shop/.mcp.json", [entry("postgres")], { project: "/home/jo/work/shop" }),
  file("cursor", "Cursor", ".cursor/mcp.json", [
    RISKY, entry("files", "protected"),
    entry("search", "not_yet", { runs: [], url: "https://search.example", why: "It speaks the older SSE transport, which Consentry does not." }),
    entry("build", "not_yet", { why: "It has `${workspaceFolder}` in it, which only its client can fill in." }),
  ]),
  file("vscode", "Visual Studio Code", ".config/Code/User/mcp.json", [], { fault: "/home/jo/.config/Code/User/mcp.json is not JSON: expected a comma on line 12, column 5." }),
];

export const hostileFiles = () => [file("cursor", "Cursor", `.cursor/${HOSTILE.bidi}/mcp.json`, [HOSTILE_ENTRY])];

const change = (server, outcome, over = {}) => ({
  client: "cursor", file: "/home/jo/.cursor/mcp.json", place: "/mcpServers", server, through: server, outcome, why: null, difference: [], shared: false, digest: "ab".repeat(32), ...over,
});

export const planned = () => [
  change("github", "planned", { through: "github-cursor", difference: [
    "@@ -1,6 +1,6 @@", "   \"github\": {", "-    \"command\": \"npx\",", "-    \"args\": [\"-y\", \"@acme/github-server\", \"--token\", \"•••\"],", "-    \"env\": { \"GITHUB_TOKEN\": \"•••\", \"LOG_LEVEL\": \"•••\" },",
    "+    \"command\": \"/usr/bin/consentry\",", "+    \"args\": [\"connect\", \"github-cursor\", \"--client\", \"cursor\"],", "+    \"env\": {},", "     \"trust\": true", "   }"] }),
  change("postgres", "planned", { file: "/home/jo/work/shop/.mcp.json", shared: true, difference: ["-  \"postgres\": { \"command\": \"npx\", \"args\": [\"-y\", \"@acme/postgres-server\"] }", "+  \"postgres\": { \"command\": \"/usr/bin/consentry\", \"args\": [\"connect\", \"postgres\", \"--client\", \"claude-code\"] }"] }),
  change("files", "already"),
  change("search", "not_yet", { why: "It speaks the older SSE transport, which Consentry does not." }),
  change("weather", "failed", { why: "/home/jo/.cursor/mcp.json: weather was left alone: there is no program uvx in PATH." }),
];

export const unprotecting = () => [change("files", "planned", { difference: ["   \"files\": {", "-    \"command\": \"/usr/bin/consentry\",", "-    \"args\": [\"connect\", \"files\", \"--client\", \"cursor\"]", "+    \"command\": \"npx\",", "+    \"args\": [\"-y\", \"@acme/files-server\", \"/home/jo/notes\"]", "   }"] })];

export const hostilePlan = () => [change(HOSTILE_ENTRY.server, "planned", { through: "server-cursor", difference: ["-  " + HOSTILE.ansi + HOSTILE.fake, "-  " + HOSTILE.line, "+  \"command\": \"/usr/bin/consentry\""] })];

export const done = () => [
  change("github", "done", { through: "github-cursor" }), change("postgres", "done"),
  change("weather", "failed", { why: "/home/jo/.cursor/mcp.json: weather has changed since it was shown, so it was left alone; look at it again." }),
];

const unguarded = (entry, over = {}) => ({ client: "cursor", title: "Cursor", file: "/home/jo/.cursor/mcp.json", entry, changed: false, digest: "cd".repeat(32), ...over });

export const news = () => [
  unguarded(RISKY), unguarded(HOSTILE_ENTRY, { changed: true }),
  unguarded(entry("search", "not_yet", { runs: [], url: "https://search.example", why: "It speaks the older SSE transport, which Consentry does not." }), { title: "Claude Code" }),
  unguarded(entry("one more")),
];
