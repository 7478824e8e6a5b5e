//! The YAML as a tree of values with locations, built in one pass. YAML that no team file needs is rejected here:
//! anchors, aliases, merge keys, tags, directives, several documents, complex and duplicate keys, deep nesting,
//! and more of anything than an organization can have.

use std::borrow::Cow;

use granit_parser::{Event, Parser, ScalarStyle, Span};

use super::location::{FileId, Location};
use super::node::{Entry, Kind, Mapping, Node};
use super::problem::{Problem, Problems, shown};
use super::problem_id::ProblemId;
use super::syntax;

/// The most keys and values of a file.
///
/// 30,000 people with every key and 10 projects each have 1,050,000.
const MAX_NODES: usize = 1_500_000;
/// The most keys and values of a file outside `people`.
const MAX_BESIDE_PEOPLE: usize = 500_000;
/// The longest text, in bytes.
const MAX_TEXT: usize = 4_096;

/// The replacement for anchors, aliases and merge keys.
const USE_GROUPS: &str = "define shared access once, under `groups`";

/// The only document of a file; `None` (and a problem) if it could not be read to its end.
///
/// The items of the list under `people`, of which a large file consists, are passed to `person` one by one instead
/// of being kept, even in a file that turns out not to be readable.
pub(super) fn build<'a>(
    file: FileId,
    text: &'a str,
    problems: &mut Problems,
    person: &mut dyn FnMut(&Node<'a>),
) -> Option<Node<'a>> {
    let mut builder = Builder {
        file,
        text,
        problems,
        person,
        open: Vec::new(),
        lists_of_people: 0,
        root: None,
        nodes: 0,
        kept: 0,
        gap: 0,
    };
    let whole = builder.run();
    while builder.root.is_none() && !builder.open.is_empty() {
        builder.close();
    }
    if whole && builder.root.is_none() {
        let problem = Problem::new(Location::top(file), ProblemId::EmptyFile, "the file is empty");
        builder.problems.push(problem);
    }
    let Builder { root, kept, problems, .. } = builder;
    let mut root = root.filter(|_| whole)?;
    // Only `people` can be large in a real team file.
    if kept > MAX_BESIDE_PEOPLE {
        let message = format!("the file has more than {MAX_BESIDE_PEOPLE} keys and values outside `people`");
        problems.push(Problem::new(root.at, ProblemId::FileTooLarge, message));
        root.kind = Kind::Refused;
    }
    Some(root)
}

enum Open<'a> {
    List { at: Location, items: Vec<Node<'a>> },
    Mapping { at: Location, mapping: Mapping<'a>, key: Option<Node<'a>> },
}

struct Builder<'a, 'p> {
    file: FileId,
    text: &'a str,
    problems: &'p mut Problems,
    person: &'p mut dyn FnMut(&Node<'a>),
    open: Vec<Open<'a>>,
    /// How many lists under `people` were begun. Only the first one counts: the key of another is a duplicate.
    lists_of_people: usize,
    root: Option<Node<'a>>,
    nodes: usize,
    /// The nodes outside `people`.
    kept: usize,
    /// The end of the last token: only indicators and comments come between it and the next.
    gap: usize,
}

impl<'a> Builder<'a, '_> {
    /// Processes all events; false if the file cannot be read to its end.
    fn run(&mut self) -> bool {
        let options = granit_parser::options! {
            disallow_directives: true,
            emit_unresolved_aliases: true,
            emit_anchor_events: true,
            emit_comments: false,
            flow_nesting_limit: syntax::MAX_DEPTH,
            block_nesting_limit: syntax::MAX_DEPTH,
        };
        for event in Parser::new_from_str_with_options(self.text, options) {
            let (event, span) = match event {
                Ok(found) => found,
                Err(error) => {
                    let (id, message, help) = syntax::message(error.kind());
                    let at = self.location(&Span::empty(*error.marker()));
                    self.problems.push(Problem::new(at, id, message).maybe_help(help.map(str::to_owned)));
                    return false;
                }
            };
            let at = self.location(&span);
            if self.problems.is_full() {
                return false;
            }
            if self.nodes > MAX_NODES {
                self.problems.push(Problem::new(
                    at,
                    ProblemId::FileTooLarge,
                    "the file has more than 1,500,000 keys and values",
                ));
                return false;
            }
            if let Some(tag) = span.tag_span().filter(|_| event.tag().is_some()) {
                let at = self.location(&tag);
                let problem = Problem::new(
                    at,
                    ProblemId::TagsNotSupported,
                    "tags (`!…`) are not supported in team files",
                );
                self.problems.push(problem.help("remove the tag"));
            }
            match event {
                Event::DocumentStart(..) if self.root.is_some() => {
                    let problem = Problem::new(
                        at,
                        ProblemId::MultipleDocuments,
                        "a second YAML document starts here; a team file has one",
                    );
                    self.problems
                        .push(problem.help("move it to its own file and list that file under `include`"));
                    return true;
                }
                Event::Scalar(text, style, ..) => {
                    let kind = self.scalar(text, style, at);
                    self.add(Node { at, kind });
                    self.step_over(at);
                }
                Event::SequenceStart(..) => {
                    self.step_over(at);
                    self.lists_of_people += usize::from(self.is_at_people());
                    self.open.push(Open::List { at, items: Vec::new() });
                }
                Event::MappingStart(..) => {
                    self.step_over(at);
                    self.open.push(Open::Mapping { at, mapping: Mapping::default(), key: None });
                }
                Event::SequenceEnd | Event::MappingEnd => {
                    self.step_over(at);
                    self.close();
                }
                Event::Anchor(..) => {
                    let problem = Problem::new(
                        at,
                        ProblemId::AnchorsNotSupported,
                        "anchors (`&name`) are not supported in team files",
                    );
                    self.problems.push(problem.help(USE_GROUPS));
                }
                Event::Alias(..) | Event::UnresolvedAlias(..) => {
                    let problem = Problem::new(
                        at,
                        ProblemId::AnchorsNotSupported,
                        "aliases (`*name`) are not supported in team files",
                    );
                    self.problems.push(problem.help(USE_GROUPS));
                    self.add(Node { at, kind: Kind::Refused });
                    self.step_over(at);
                }
                _ => {}
            }
            if self.open.len() > syntax::MAX_DEPTH {
                self.problems.push(Problem::new(at, ProblemId::NestedTooDeep, syntax::too_deep()));
                return false;
            }
        }
        true
    }

    fn scalar(&mut self, text: Cow<'a, str>, style: ScalarStyle, at: Location) -> Kind<'a> {
        if text.len() > MAX_TEXT {
            self.problems.push(Problem::new(
                at,
                ProblemId::TooLong,
                format!("text is longer than {MAX_TEXT} bytes"),
            ));
            return Kind::Refused;
        }
        Kind::Scalar { text, plain: style == ScalarStyle::Plain }
    }

    /// Puts a complete value where it belongs.
    fn add(&mut self, mut node: Node<'a>) {
        self.nodes += 1;
        let is_among_people = self.is_among_people();
        self.kept += usize::from(!is_among_people);
        let is_person = is_among_people && self.open.len() == 2;
        match self.open.last_mut() {
            None => self.root = Some(node),
            Some(Open::List { .. }) if is_person => {
                if self.lists_of_people == 1 {
                    (self.person)(&node);
                }
            }
            Some(Open::List { items, .. }) => items.push(node),
            Some(Open::Mapping { key: key @ None, .. }) => {
                let explicit = after_question_mark(self.text, self.gap, node.at.start as usize);
                let plain = matches!(&node.kind, Kind::Scalar { text, plain: true } if text.starts_with('?'));
                if explicit || plain {
                    let problem = Problem::new(
                        node.at,
                        ProblemId::ComplexKey,
                        "keys that start with `?` are not supported in team files",
                    );
                    self.problems.push(problem.help("write `key: value`"));
                }
                *key = Some(node);
            }
            Some(Open::Mapping { mapping, key, .. }) => {
                let Some(key) = key.take() else { return };
                // A key without a value: point at the key.
                if node.at.start == node.at.end {
                    node.at = key.at;
                }
                match name_of(key) {
                    Ok((key, key_at)) => mapping.entries.push(Entry { key, key_at, value: node }),
                    Err(problem) => {
                        mapping.refused = true;
                        if let Some(problem) = problem {
                            self.problems.push(problem);
                        }
                    }
                }
            }
        }
    }

    /// Whether the next value is that of `people`.
    fn is_at_people(&self) -> bool {
        matches!(self.open.as_slice(), [Open::Mapping { key: Some(Node { kind: Kind::Scalar { text, .. }, .. }), .. }]
            if text == "people")
    }

    /// Whether the next value is in the list under `people`.
    fn is_among_people(&self) -> bool {
        self.lists_of_people > 0
            && matches!(self.open.as_slice(), [Open::Mapping { key: Some(Node { kind: Kind::Scalar { text, .. }, .. }), .. }, Open::List { .. }, ..]
                if text == "people")
    }

    /// Closes the innermost list or mapping.
    fn close(&mut self) {
        let node = match self.open.pop() {
            None => return,
            Some(Open::List { at, mut items }) => {
                items.shrink_to_fit();
                let at = visible(at, items.first().map(|item| item.at));
                Node { at, kind: Kind::List(items) }
            }
            Some(Open::Mapping { at, mut mapping, .. }) => {
                self.refuse_duplicates(&mut mapping);
                // There are as many mappings as people, and most have few entries.
                mapping.entries.shrink_to_fit();
                let at = visible(at, mapping.entries.first().map(|entry| entry.key_at));
                Node { at, kind: Kind::Mapping(mapping) }
            }
        };
        self.add(node);
    }

    /// Keeps the first of several entries with one key, and reports the others.
    fn refuse_duplicates(&mut self, mapping: &mut Mapping<'a>) {
        let entries = &mapping.entries;
        // Nearly all mappings are short and have none.
        let is_there_before =
            |index: usize| entries[..index].iter().any(|other| other.key == entries[index].key);
        if entries.len() <= 16 && !(1..entries.len()).any(is_there_before) {
            return;
        }
        let mut order: Vec<usize> = (0..entries.len()).collect();
        order.sort_by(|&a, &b| entries[a].key.cmp(&entries[b].key).then(a.cmp(&b)));
        let mut first = 0;
        let mut duplicates = Vec::new();
        for &index in &order {
            if index == order[0] || entries[index].key != entries[first].key {
                first = index;
                continue;
            }
            let problem = Problem::new(
                entries[index].key_at,
                ProblemId::DuplicateKey,
                format!("{} is defined twice", shown(&entries[index].key)),
            );
            self.problems.push(problem.also(entries[first].key_at, "first defined here"));
            duplicates.push(index);
        }
        if !duplicates.is_empty() {
            duplicates.sort_unstable();
            let mut index = 0;
            mapping.entries.retain(|_| {
                index += 1;
                duplicates.binary_search(&(index - 1)).is_err()
            });
        }
    }

    fn step_over(&mut self, at: Location) {
        self.gap = self.gap.max(at.end as usize);
    }

    fn location(&self, span: &Span) -> Location {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let start = span.start.byte_offset().unwrap_or(0);
        Location {
            file: self.file,
            start: count(start),
            end: count(span.end.byte_offset().unwrap_or(start)),
            line: count(span.start.line()),
            column: count(span.start.col() + 1),
        }
    }
}

/// Where to point at a list or mapping: its bracket, or its first item.
fn visible(at: Location, first: Option<Location>) -> Location {
    if at.start == at.end { first.unwrap_or(at) } else { at }
}

/// The text of a key, or why it is not a key.
fn name_of(key: Node<'_>) -> Result<(Cow<'_, str>, Location), Option<Problem>> {
    if key.is_null() {
        return Err(Some(
            Problem::new(key.at, ProblemId::EmptyKey, "this key is empty")
                .help("put it in quotes if you mean the text"),
        ));
    }
    match key.kind {
        Kind::Scalar { text, plain: true } if text == "<<" => Err(Some(
            Problem::new(
                key.at,
                ProblemId::MergeKeysNotSupported,
                "merge keys (`<<`) are not supported in team files",
            )
            .help(USE_GROUPS),
        )),
        Kind::Scalar { text, .. } if text.trim().is_empty() => {
            Err(Some(Problem::new(key.at, ProblemId::EmptyKey, "this key is empty")))
        }
        Kind::Scalar { text, .. } => Ok((text, key.at)),
        Kind::Refused => Err(None),
        Kind::List(_) | Kind::Mapping(_) => Err(Some(Problem::new(
            key.at,
            ProblemId::ComplexKey,
            "a key must be text, not a list or mapping",
        ))),
    }
}

/// Whether the key that starts at `start` is explicit: `? key`.
fn after_question_mark(text: &str, gap: usize, start: usize) -> bool {
    let Some(between) = text.get(gap..start) else { return false };
    between.contains('?')
        && between.lines().any(|line| line.split('#').next().is_some_and(|code| code.contains('?')))
}
