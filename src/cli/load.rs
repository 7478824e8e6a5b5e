//! Reads the team file and what it includes, and reports every problem of all of them in one run.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use super::failure::Failure;
use super::github;
use super::mixup;
use super::target::leads_out;
use super::terminal::Terminal;
use crate::clock::today;
use crate::desired::{self, Rules, Team, Terms};
use crate::escape;
use crate::files::{self, folder_of};
use crate::model::Email;
use crate::team_file::{
    self, FileId, IncludedFile, Location, MAX_BYTES, Problem, ProblemId, Problems, Sources, TeamFile, Text,
};

/// The maximum number of files of a team.
const MOST_FILES: usize = 10_000;

/// A team file, its included files, and the problems in them.
pub(crate) struct Loaded {
    root: TeamFile,
    included: Vec<IncludedFile>,
    /// The files.
    pub(crate) sources: Sources,
    /// The problems in them.
    pub(crate) problems: Problems,
    /// The team, if there are no problems.
    pub(crate) team: Option<Team>,
}

impl Loaded {
    /// The rendered problems, for a command that needs the team.
    pub(crate) fn refusal(&self, terminal: Terminal) -> Failure {
        github::annotate(&self.problems, &self.sources, terminal);
        Failure::Problems(self.problems.text(&self.sources, terminal.err.color))
    }
}

/// Reads all files. Fails only if the team file itself cannot be read.
pub(crate) fn load(path: &Path) -> Result<Loaded, Failure> {
    load_within(path, Terms::on(today()))
}

fn load_within(path: &Path, terms: Terms<'_>) -> Result<Loaded, Failure> {
    let name = path.display().to_string();
    let bytes = read(path).map_err(|error| {
        let shown = escape::path(path);
        match error.kind() {
            io::ErrorKind::NotFound => mixup::no_team_file(path),
            io::ErrorKind::IsADirectory => {
                Failure::new(format!("`{shown}` is a folder; pass the path of the team file in it"))
            }
            _ => Failure::new(format!("cannot read team file `{shown}`: {error}")),
        }
    })?;
    mixup::must_not_be_a_saved_plan(path, &bytes)?;
    let mut sources = Sources::default();
    let mut problems = Problems::default();
    let root_id = sources.add(&name, bytes, &mut problems);
    let root = team_file::parse_root(&sources, root_id, &mut problems);
    let folder = folder_of(path);
    refuse_linked_ledger(&root, &folder, &mut problems);
    let mut included = Vec::new();
    for (pattern, files) in expand(&root.include, path, &folder, &mut problems) {
        for file in files {
            let shown = shown_path(path, &folder, &file);
            let id = add_included(&file, &shown, pattern, &mut sources, &mut problems);
            if let Some(id) = id {
                let parsed = team_file::parse_included(&sources, id, &mut problems);
                included.push(IncludedFile { path: relative_path(&folder, &file), ..parsed });
            }
        }
    }
    let (team, problems) = match desired::resolve(&root, &included, terms, problems) {
        Ok(team) => (Some(team), Problems::default()),
        Err(problems) => (None, problems),
    };
    Ok(Loaded { root, included, sources, problems, team })
}

/// Rejects a `ledger` that is a link out of the folder.
fn refuse_linked_ledger(root: &TeamFile, folder: &Path, problems: &mut Problems) {
    let Some(ledger) = root.ledger.as_ref().filter(|ledger| !ledger.value.contains("://")) else { return };
    let name = Path::new(&ledger.value);
    // The rest is checked with the other values of the file.
    let is_relative = name.components().all(|part| matches!(part, Component::Normal(_) | Component::CurDir));
    if is_relative && leads_out(folder, name) {
        let message = format!(
            "ledger {} is a link to a location outside the team file's folder",
            team_file::shown(&ledger.value)
        );
        problems.push(
            Problem::new(ledger.at, ProblemId::LedgerOutsideFolder, message)
                .help("remove this key and pass the link's target with `--ledger`"),
        );
    }
}

/// Reads the team file for a command that needs it; prints its problems on standard error.
pub(crate) fn team(path: &Path, terminal: Terminal) -> Result<Team, Failure> {
    team_within(path, None, terminal)
}

/// Like [`team`], for a pull request that the rules of its base judge as well.
pub(crate) fn team_within(path: &Path, base: Option<&Rules>, terminal: Terminal) -> Result<Team, Failure> {
    let loaded = load_within(path, Terms { base, ..Terms::on(today()) })?;
    match loaded.team {
        Some(team) => Ok(team),
        None => Err(loaded.refusal(terminal)),
    }
}

/// Like [`team`], with the lines that grant roles, for everyone or for `who`.
pub(crate) fn team_with_provenance(
    path: &Path,
    who: Option<&Email>,
    terminal: Terminal,
) -> Result<Team, Failure> {
    let loaded = load(path)?;
    let refusal = loaded.team.is_none().then(|| loaded.refusal(terminal));
    let Loaded { root, included, sources, team, .. } = loaded;
    match (team, refusal) {
        (Some(team), _) => {
            let provenance = desired::provenance(&sources, &root, &included, who);
            Ok(Team { provenance, ..team })
        }
        (None, refusal) => Err(refusal.unwrap_or(Failure::AlreadyReported)),
    }
}

/// The content of a file, up to one byte more than [`MAX_BYTES`], which shows that there is more.
fn read(path: &Path) -> io::Result<Vec<u8>> {
    files::read_start(files::open(path)?, MAX_BYTES + 1)
}

fn add_included(
    file: &Path,
    shown: &str,
    pattern: &Text,
    sources: &mut Sources,
    problems: &mut Problems,
) -> Option<FileId> {
    match read(file) {
        Ok(bytes) => Some(sources.add(shown, bytes, problems)),
        Err(error) => {
            let message = format!("cannot read included file `{}`: {error}", escape::line(shown));
            problems.push(Problem::new(pattern.at, ProblemId::IncludeUnreadable, message));
            None
        }
    }
}

/// The files that match each pattern, sorted. A file that matches two patterns is read once.
fn expand<'a>(
    patterns: &'a [Text],
    team_file: &Path,
    folder: &Path,
    problems: &mut Problems,
) -> Vec<(&'a Text, Vec<PathBuf>)> {
    let team_file = fs::canonicalize(team_file).ok();
    let mut seen = BTreeSet::new();
    let mut expanded = Vec::new();
    let Ok(real_folder) = fs::canonicalize(folder) else { return expanded };
    for pattern in patterns {
        let mut files = Vec::new();
        let mut matches = false;
        let at: Location = pattern.at;
        let Some(escaped) = folder.to_str().map(glob::Pattern::escape) else {
            problems.push(Problem::new(
                at,
                ProblemId::IncludeUnreadable,
                "the name of the team file's folder is not valid UTF-8",
            ));
            continue;
        };
        let options = glob::MatchOptions {
            case_sensitive: true,
            require_literal_separator: true,
            require_literal_leading_dot: true,
        };
        let found = glob::glob_with(&format!("{escaped}/{}", pattern.value), options);
        for file in found.into_iter().flatten() {
            let Ok(file) = file else { continue };
            let real = fs::canonicalize(&file);
            if file.is_dir() || real.as_ref().is_ok_and(|real| Some(real) == team_file.as_ref()) {
                continue;
            }
            matches = true;
            if seen.len() == MOST_FILES {
                problems.push(Problem::new(
                    at,
                    ProblemId::TooManyIncludes,
                    format!("this includes more than {MOST_FILES} files"),
                ));
                break;
            }
            match real {
                Ok(real) if !real.starts_with(&real_folder) => {
                    let message = format!(
                        "`{}` is a link to a location outside the team file's folder",
                        escape::path(&file)
                    );
                    problems.push(
                        Problem::new(at, ProblemId::IncludeOutsideFolder, message)
                            .help("move the file itself into the team file's folder"),
                    );
                }
                Ok(real) if seen.insert(real.clone()) => files.push(file),
                Ok(_) => {}
                Err(error) => {
                    problems.push(Problem::new(
                        at,
                        ProblemId::IncludeUnreadable,
                        format!("cannot read `{}`: {error}", escape::path(&file)),
                    ));
                }
            }
        }
        if !matches {
            let help = "fix or remove the pattern; it is relative to the team file's folder";
            problems.push(
                Problem::new(at, ProblemId::IncludeNotFound, "no file matches this `include`").help(help),
            );
        }
        files.sort();
        expanded.push((pattern, files));
    }
    expanded
}

/// The path of an included file for messages, relative to the same directory as the team file's.
fn shown_path(team_file: &Path, folder: &Path, file: &Path) -> String {
    let from_here = team_file.parent().is_none_or(|parent| parent.as_os_str().is_empty());
    let shown = if from_here { file.strip_prefix(folder).unwrap_or(file) } else { file };
    shown.display().to_string()
}

/// The path of an included file relative to the team file, with `/`, as rules name it.
fn relative_path(folder: &Path, file: &Path) -> String {
    let parts = file.strip_prefix(folder).unwrap_or(file).components();
    let names = parts.filter(|part| matches!(part, Component::Normal(_)));
    names.map(|part| part.as_os_str().to_string_lossy()).collect::<Vec<_>>().join("/")
}
