//! The patterns of paths that are allowed under `include` and in rules for included files. The code that expands them also has to check that no match is
//! a link to a location outside the folder.

/// Why `pattern` is not allowed under `include`, and what to do instead.
pub fn refused_path(pattern: &str) -> Option<(&'static str, &'static str)> {
    let inside = "included files must be inside the team file's folder";
    if pattern.contains('\\') {
        return Some(("`include` must not contain backslashes", "use `/` between folders"));
    }
    if pattern.contains(crate::escape::must_escape) {
        return Some(("`include` must not contain control characters", "rename the file"));
    }
    let drive = pattern.as_bytes().get(1) == Some(&b':');
    if pattern.starts_with(['/', '~']) || drive || pattern.contains("://") {
        return Some(("`include` must be a relative path", inside));
    }
    if pattern.split('/').any(|part| part == "..") {
        return Some(("`include` must not contain `..`", inside));
    }
    if glob::Pattern::new(pattern).is_err() {
        return Some((
            "invalid pattern",
            "`*` matches any part of a name, `?` one character, `[ab]` one of these, `**` any folders",
        ));
    }
    None
}
