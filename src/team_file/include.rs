//! Which patterns `include` may hold. That a match is no link out of the folder is for whoever
//! expands them to check.

/// Says why `pattern` may not stand under `include`, and what to do instead.
pub(super) fn refusal(pattern: &str) -> Option<(&'static str, &'static str)> {
    let inside = "included files stand in the folder of the team file or below it";
    if pattern.contains('\\') {
        return Some(("an `include` has no backslashes", "write `/` between folders"));
    }
    if pattern.contains(crate::inert::is_active) {
        return Some(("an `include` has no control characters", "rename the file"));
    }
    let drive = pattern.as_bytes().get(1) == Some(&b':');
    if pattern.starts_with(['/', '~']) || drive || pattern.contains("://") {
        return Some(("an `include` is no absolute path", inside));
    }
    if pattern.split('/').any(|part| part == "..") {
        return Some(("an `include` may not lead out with `..`", inside));
    }
    if glob::Pattern::new(pattern).is_err() {
        return Some((
            "this pattern cannot be understood",
            "`*` stands for any part of a name, `?` for one character, `[ab]` for one of these, `**` for folders",
        ));
    }
    None
}
