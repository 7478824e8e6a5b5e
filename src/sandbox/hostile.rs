//! Names and messages as an attacker would choose them, appended to those in a response.

use serde_json::Value;

const ATTACKS: [&str; 8] = [
    "\u{1b}[2J\u{1b}]0;owned\u{7}",
    "\u{202e}nimda",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "**bold** [link](https://evil.example) @everyone | cell",
    "\n\n::error::forged\n```\n<!-- guestlist -->",
    "=HYPERLINK(\"https://evil.example\")",
    "\u{9b}31m\u{0}\u{8}\u{8}\u{200b}",
    "{{7*7}} ${HOME} %s %n: &amp; *anchor",
];

/// Appends an attack to each name, message and detail in `body`. Ids and logins are not changed.
pub(super) fn inject(body: &mut Value, seq: u64) {
    let mut number = usize::try_from(seq).unwrap_or_default();
    inject_from(body, &mut number);
}

fn inject_from(body: &mut Value, number: &mut usize) {
    match body {
        Value::Array(items) => items.iter_mut().for_each(|item| inject_from(item, number)),
        Value::Object(fields) => {
            for (name, value) in fields {
                match (name.as_str(), value) {
                    ("first_name" | "last_name" | "name" | "message" | "details", Value::String(text)) => {
                        text.push_str(ATTACKS[*number % ATTACKS.len()]);
                        *number += 1;
                    }
                    ("projects", _) => {}
                    (_, value) => inject_from(value, number),
                }
            }
        }
        _ => {}
    }
}
