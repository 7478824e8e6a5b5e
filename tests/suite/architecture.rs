//! The rules of the code map, kept by looking at the source.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Every source file with its text, by path from `src`.
fn sources() -> Vec<(PathBuf, String)> {
    files_below("src")
}

/// Every file of Rust below a folder of the repository with its text, by path from that folder.
fn files_below(folder: &str) -> Vec<(PathBuf, String)> {
    fn walk(folder: &Path, found: &mut Vec<(PathBuf, String)>) {
        for entry in fs::read_dir(folder).expect("a source folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                walk(&path, found);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                let text = fs::read_to_string(&path).expect("a source file");
                found.push((path, text));
            }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
    let mut found = Vec::new();
    walk(&root, &mut found);
    found.sort();
    found
        .into_iter()
        .map(|(path, text)| (path.strip_prefix(&root).expect("below the root").to_owned(), text))
        .collect()
}

/// The modules in the order of `lib.rs`.
fn modules() -> Vec<String> {
    let lib = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    lib.lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .map(ToOwned::to_owned)
        .collect()
}

/// The top-level module that a file belongs to.
fn module_of(path: &Path) -> String {
    let first = path.components().next().expect("a component").as_os_str().to_string_lossy().into_owned();
    first.trim_end_matches(".rs").to_owned()
}

/// The modules of tests that a file declares and keeps in files of their own.
fn test_modules(text: &str) -> impl Iterator<Item = &str> {
    text.split("#[cfg(test)]\n").skip(1).filter_map(|rest| {
        let (line, _) = rest.split_once('\n')?;
        line.trim_start_matches("pub(crate) ").strip_prefix("mod ")?.strip_suffix(';')
    })
}

/// Whether a file is there for tests alone: `x/tests.rs`, what is below it, or a module that `x` declares for tests.
fn is_for_tests(path: &Path) -> bool {
    let folder = path.parent().unwrap_or(Path::new(""));
    let declares = |parent: PathBuf| {
        let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(parent));
        let text = text.unwrap_or_default();
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        test_modules(&text).any(|module| module == name)
    };
    declares(folder.join("lib.rs"))
        || declares(folder.join("mod.rs"))
        || declares(folder.with_extension("rs"))
        || folder.ancestors().any(|part| part.file_name().is_some_and(|name| name == "tests"))
}

/// A file's text up to its tests; a file of tests has none.
fn before_tests(path: &Path, text: &str) -> String {
    if is_for_tests(path) {
        return String::new();
    }
    text.split("\nmod tests {\n").next().unwrap_or_default().to_owned()
}

#[test]
fn imports_point_up() {
    let order = modules();
    let rank = |module: &str| order.iter().position(|name| name == module);
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let Some(own) = rank(&module_of(&path)) else { continue };
        for used in before_tests(&path, &text).split("crate::").skip(1) {
            let name: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            if rank(&name).is_some_and(|used| used > own) {
                wrong.push(format!("{} uses {name}, which stands below it", path.display()));
            }
        }
        assert!(!text.contains("use crate::{"), "{}: name one module an import", path.display());
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn everything_above_clock_is_pure() {
    let order = modules();
    let pure: Vec<_> = order.iter().take_while(|module| *module != "clock").collect();
    assert!(pure.len() >= 6, "{pure:?}");
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if !pure.contains(&&module_of(&path)) {
            continue;
        }
        for impure in [
            "std::fs",
            "std::env",
            "std::io",
            "std::net::Tcp",
            "std::process",
            "std::thread",
            "SystemTime",
            "Instant",
            "Timestamp::now",
            "Zoned::now",
            "tokio",
            "reqwest",
            "async ",
            "fastrand",
            "HashMap",
            "println!",
        ] {
            if before_tests(&path, &text).contains(impure) {
                wrong.push(format!("{} has {impure}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn files_say_what_they_hold_and_stay_short() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if !text.starts_with("//! ") {
            wrong.push(format!("{} does not open with its purpose", path.display()));
        }
        let lines = before_tests(&path, &text).lines().count();
        if lines > 400 {
            wrong.push(format!("{} has {lines} lines before its tests", path.display()));
        }
        for name in ["util", "helper", "common", "manager", "misc"] {
            if path.to_string_lossy().contains(name) {
                wrong.push(format!("{} says nothing by its name", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn only_cli_prints_and_reads_the_environment() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        let module = module_of(&path);
        if module == "cli" || module == "main" {
            continue;
        }
        for reserved in ["println!", "print!(", "std::env::var", "stdout()", "stderr()"] {
            if before_tests(&path, &text).contains(reserved) {
                wrong.push(format!("{} has {reserved}", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn unit_tests_are_at_the_end_of_a_file_or_in_a_file_of_their_own() {
    let mut wrong = Vec::new();
    for (path, text) in sources() {
        if before_tests(&path, &text).contains("[test]\n") {
            wrong.push(format!("{} has a test outside of `mod tests`", path.display()));
        }
        let tests = text.split_once("\nmod tests {\n");
        if tests.is_some_and(|(_, tests)| tests.find("\n}\n") != Some(tests.len() - 3)) {
            wrong.push(format!("{} goes on after its tests", path.display()));
        }
        for name in test_modules(&text).filter(|name| ["test", "testing", "fixtures"].contains(name)) {
            wrong.push(format!("{}: `{name}` does not say what it holds", path.display()));
        }
        if is_for_tests(&path) && path.file_stem().is_some_and(|stem| stem != "tests") {
            let in_folder = path.components().any(|part| part.as_os_str() == "tests");
            if !in_folder && text.contains("[test]\n") {
                wrong.push(format!("{} is shared by tests and has some itself", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

#[test]
fn tests_start_every_program_in_a_scrubbed_environment() {
    let mut wrong = Vec::new();
    for (path, text) in files_below("tests") {
        // `programs.rs` is the one place, and this file names what it looks for.
        if ["suite/programs.rs", "suite/architecture.rs"].iter().any(|file| path == Path::new(file)) {
            continue;
        }
        for reserved in ["CARGO_BIN_EXE", "Command::new"] {
            if text.contains(reserved) {
                wrong.push(format!("{} has {reserved}: use `programs::scrubbed`", path.display()));
            }
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
}

/// The names in a source text.
fn names(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !name.is_empty())
}

/// A client can be turned into a writer, so a command is never given one: only a session, which has the lock,
/// makes a connection that writes.
#[test]
fn only_the_store_in_a_folder_uses_files_for_the_ledger() {
    for (path, text) in sources() {
        let place = path.to_string_lossy().into_owned();
        let is_local = place.contains("ledger/local");
        if !place.contains("src/ledger") || is_local || is_for_tests(&path) {
            continue;
        }
        let text = before_tests(&path, &text);
        let found =
            ["std::fs", "std::os", "tempfile", "crate::files"].into_iter().find(|name| text.contains(name));
        assert_eq!(found, None, "{place} uses files");
    }
}

#[test]
fn only_a_session_can_write() {
    let allowed: [(&str, &[&str]); 4] = [
        ("Client", &["cli/connection.rs"]),
        ("Writer", &["cli/connection.rs", "cli/session.rs"]),
        ("writer", &["cli/connection.rs", "cli/session.rs"]),
        ("connect_to_write", &["cli/connection.rs", "cli/session.rs"]),
    ];
    let mut found = BTreeSet::new();
    for (path, text) in sources() {
        if module_of(&path) != "cli" {
            continue;
        }
        for name in names(&before_tests(&path, &text)) {
            found.extend(allowed.iter().filter(|(it, _)| *it == name).map(|(it, _)| (*it, path.clone())));
        }
    }
    let expected =
        allowed.iter().flat_map(|(name, files)| files.iter().map(|file| (*name, PathBuf::from(file))));
    assert_eq!(found, expected.collect());
}

/// The names that follow `prefix` in a source text: `b` in `a::b::c`, `b` and `c` in `a::{b::{d, e}, c as f}`.
fn names_after(text: &str, prefix: &str) -> Vec<String> {
    let mut found = Vec::new();
    for (at, _) in text.match_indices(prefix) {
        let rest = &text[at + prefix.len()..];
        let mut depth = 0;
        let mut is_item = true;
        for (at, c) in rest.char_indices() {
            if is_item && (c.is_alphanumeric() || c == '_') {
                found.extend(names(&rest[at..]).next().map(str::to_owned));
                is_item = false;
                if depth == 0 {
                    break;
                }
            }
            match c {
                '{' => depth += 1,
                '}' if depth == 1 => break,
                '}' => depth -= 1,
                ',' if depth == 1 => is_item = true,
                _ => {}
            }
        }
    }
    found
}

/// What each file of a module imports from other files of it. The module's own file, which names them all, is
/// left out; what it re-exports counts as imported from where it is.
fn imports_within(module: &str) -> BTreeMap<String, BTreeSet<String>> {
    let prefix = format!("crate::{module}::");
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    let mut reexported = BTreeMap::new();
    for (path, text) in sources() {
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy().into_owned()).collect();
        let [first, file, rest @ ..] = parts.as_slice() else { continue };
        if first != module {
            continue;
        }
        // A link in a comment imports nothing.
        let text = before_tests(&path, &text);
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        let text: String = code.flat_map(|line| [line, "\n"]).collect();
        let file = file.trim_end_matches(".rs").to_owned();
        if file == "mod" {
            for line in text.split(';').filter_map(|line| line.trim().strip_prefix("pub use ")) {
                let (from, _) = line.split_once("::").expect("a path");
                reexported.extend(
                    names_after(line, &format!("{from}::")).into_iter().map(|name| (name, from.to_owned())),
                );
            }
            continue;
        }
        // In a file of a file, `super` is that file.
        let own = if rest.is_empty() {
            text
        } else {
            text.replace("super::super::", &prefix).replace("super::", "")
        };
        texts.entry(file).or_default().push_str(&own.replace("super::", &prefix));
    }
    let file_of = |name: String| {
        if texts.contains_key(&name) { Some(name) } else { reexported.get(&name).cloned() }
    };
    let imports = |(file, text): (&String, &String)| {
        let mut imports: BTreeSet<_> = names_after(text, &prefix).into_iter().filter_map(file_of).collect();
        imports.remove(file);
        (file.clone(), imports)
    };
    texts.iter().map(imports).collect()
}

#[test]
fn files_of_a_module_do_not_import_each_other_in_a_circle() {
    let mut circles = Vec::new();
    for module in modules() {
        let mut imports = imports_within(&module);
        loop {
            let before = imports.len();
            let files: BTreeSet<_> = imports.keys().cloned().collect();
            let imported: BTreeSet<_> = imports.values().flatten().cloned().collect();
            imports.retain(|file, theirs| imported.contains(file) && !theirs.is_disjoint(&files));
            if imports.len() == before {
                break;
            }
        }
        circles.extend(imports.into_iter().map(|(file, theirs)| format!("{module}: {file} uses {theirs:?}")));
    }
    assert_eq!(circles, Vec::<String>::new());
}

#[test]
fn commands_do_not_import_each_other() {
    let imports = imports_within("cli");
    let main = sources().into_iter().find(|(path, _)| path.ends_with("cli/mod.rs")).expect("the commands").1;
    let arms = main.lines().filter_map(|line| line.trim().strip_prefix("Command::")?.split_once("=> "));
    let commands: BTreeSet<_> =
        arms.filter_map(|(_, call)| names(call.trim_start_matches("Box::pin(")).next()).collect();
    assert!(commands.len() > 10 && commands.is_subset(&imports.keys().map(String::as_str).collect()));
    let users = imports.iter().flat_map(|(file, theirs)| {
        theirs
            .iter()
            .filter(|used| commands.contains(used.as_str()))
            .map(move |used| format!("{file} uses {used}"))
    });
    assert_eq!(users.collect::<Vec<_>>(), [""; 0]);
}
