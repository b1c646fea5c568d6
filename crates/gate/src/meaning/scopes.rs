//! What a scope of a token lets its holder do, in words. Scopes are names that every server makes up, so what is said is
//! read from the verbs in them; the name itself is always shown beside it.

/// A scope, as a person is told of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScopeMeaning {
    /// What it is for: a short sentence of ours without its full stop.
    pub words: &'static str,
    /// Whether it reaches far: more than reading, or beyond this login.
    pub risky: bool,
}

/// Words that stand in scopes, those that reach furthest first.
const VERBS: &[(&[&str], ScopeMeaning)] = &[
    (
        &["admin", "administer", "manage", "full", "all", "root", "owner", "superuser", "sudo", "*"],
        ScopeMeaning { words: "Manage everything there, as you could", risky: true },
    ),
    (
        &["pay", "payment", "payments", "charge", "billing", "transfer", "transfers", "payout", "payouts"],
        ScopeMeaning { words: "Move money or change what is paid for", risky: true },
    ),
    (
        &[
            "member",
            "members",
            "permission",
            "permissions",
            "role",
            "roles",
            "security",
            "key",
            "keys",
            "token",
            "tokens",
            "hook",
            "hooks",
            "webhook",
            "webhooks",
        ],
        ScopeMeaning { words: "Change who else gets in", risky: true },
    ),
    (&["delete", "remove", "destroy", "purge"], ScopeMeaning { words: "Delete things there", risky: true }),
    (
        &["send", "post", "publish", "invite", "compose", "chat"],
        ScopeMeaning { words: "Send things to others in your name", risky: true },
    ),
    (
        &["execute", "exec", "run", "deploy", "workflow", "dispatch"],
        ScopeMeaning { words: "Start programs or deployments there", risky: true },
    ),
    (
        &["write", "readwrite", "rw", "edit", "modify", "update", "create", "insert", "upload", "change"],
        ScopeMeaning { words: "Create and change things there", risky: true },
    ),
    (
        &["offline", "offline_access", "refresh"],
        ScopeMeaning { words: "Stay logged in when you are away, until you log out", risky: false },
    ),
    (
        &["openid", "profile", "email", "user", "userinfo", "address", "phone"],
        ScopeMeaning { words: "See who you are: name, e-mail address and the like", risky: false },
    ),
    (
        &["read", "readonly", "view", "list", "get", "search", "metadata", "public"],
        ScopeMeaning { words: "Read what you can read there", risky: false },
    ),
];

/// What a scope is for. One that says nothing we know is taken for far-reaching.
pub fn scope(name: &str) -> ScopeMeaning {
    let lower = name.to_lowercase();
    let path = lower.rsplit('/').next().unwrap_or(&lower);
    let whole = [path];
    let words: Vec<&str> = path.split([':', '.', '-', '_', ' ', '@']).filter(|w| !w.is_empty()).collect();
    // `readonly` takes the edge off a name such as `drive.readonly`, but not off `admin:read`.
    let has = |any: &[&str]| words.iter().any(|w| any.contains(w));
    if has(&["readonly", "read", "ro"]) && !has(&["write", "admin", "administer", "manage"]) {
        return ScopeMeaning { words: "Read what you can read there", risky: false };
    }
    let known = VERBS.iter().find(|(verbs, _)| whole.iter().chain(&words).any(|w| verbs.contains(w)));
    known
        .map_or(ScopeMeaning { words: "Not known to Consentry: ask whoever runs the server", risky: true }, |(_, m)| *m)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_are_told_by_their_verbs() {
        for (name, risky) in [
            ("https://www.googleapis.com/auth/gmail.send", true),
            ("https://www.googleapis.com/auth/drive.readonly", false),
            ("mcp:read", false),
            ("files:write", true),
            ("repo", true),
            ("admin:read", true),
            ("read:all", false),
            ("openid", false),
            ("offline_access", false),
            ("payments:create", true),
            ("read-write", true),
            ("", true),
            ("\u{202E}daer", true),
        ] {
            assert_eq!(scope(name).risky, risky, "{name}");
        }
        assert_eq!(scope("gmail.send").words, "Send things to others in your name");
    }
}
