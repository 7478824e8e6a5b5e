//! Problems for people, with their source lines, in the form of rustc.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::location::Location;
use super::problem::{Problem, Problems, without_credentials};
use super::source::Sources;
use crate::escape;

/// The most characters of a line that are drawn.
const LINE: usize = 160;
/// How many of them come before the marked ones, if the line is longer.
const BEFORE: usize = 60;

impl Problems {
    /// All problems, each with its source line and help, and their number.
    #[must_use]
    pub fn text(&self, sources: &Sources, color: bool) -> String {
        let renderer = if color { Renderer::styled() } else { Renderer::plain() };
        // Lines are cut here, not by the renderer; wide characters take two columns.
        let renderer = renderer.term_width(3 * LINE);
        let mut text = String::new();
        for problem in self.sorted() {
            text.push_str(&draw(problem, sources, &renderer));
            text.push_str("\n\n");
        }
        text.push_str(&self.count(sources));
        text.push('\n');
        text
    }

    fn count(&self, sources: &Sources) -> String {
        let problems = self.sorted();
        let mut files: Vec<_> = problems.iter().map(|problem| problem.at.file).collect();
        files.dedup();
        let place = match files.as_slice() {
            [file] => escape::line(&sources.get(*file).name).into_owned(),
            files => format!("{} files", files.len()),
        };
        match problems.len() {
            1 => format!("1 problem in {place}"),
            count if self.is_full() => format!("{count} problems or more in {place}"),
            count => format!("{count} problems in {place}"),
        }
    }
}

/// The part of a line that is drawn.
struct Excerpt {
    path: String,
    text: String,
    marked: std::ops::Range<usize>,
    /// The column of the marked part in `text`, which the renderer prints.
    drawn_column: usize,
}

fn draw(problem: &Problem, sources: &Sources, renderer: &Renderer) -> String {
    let places: Vec<_> = std::iter::once((problem.at, AnnotationKind::Primary, None))
        .chain(problem.also.iter().map(|(at, label)| (*at, AnnotationKind::Context, Some(label.as_str()))))
        .map(|(at, kind, label)| (at, kind, label, excerpt(at, sources)))
        .collect();
    let mut group = Group::with_title(Level::ERROR.primary_title(&*problem.message).id(problem.id.as_str()));
    for (at, kind, label, excerpt) in &places {
        let annotation = kind.span(excerpt.marked.clone()).label(*label);
        group = group.element(
            Snippet::source(&*excerpt.text)
                .line_start(at.line as usize)
                .path(&*excerpt.path)
                .annotation(annotation),
        );
    }
    let help = problem.help.as_deref().map(|help| Group::with_title(Level::HELP.secondary_title(help)));
    let report: Vec<_> = std::iter::once(group).chain(help).collect();
    let mut drawn = renderer.render(&report);
    for (at, .., excerpt) in &places {
        if excerpt.drawn_column != at.column as usize {
            let place = format!("{}:{}:", excerpt.path, at.line);
            drawn = drawn.replacen(
                &format!("{place}{}", excerpt.drawn_column),
                &format!("{place}{}", at.column),
                1,
            );
        }
    }
    drawn
}

/// The line at a location, cut if it is long, without characters that a terminal would act on.
fn excerpt(at: Location, sources: &Sources) -> Excerpt {
    let source = sources.get(at.file);
    let (before, after) = source.text.split_at_checked(at.start as usize).unwrap_or(("", ""));
    let in_line = |c: &char| !matches!(c, '\n' | '\r');
    let mut left: Vec<char> = before.chars().rev().take_while(in_line).take(LINE).collect();
    let right: Vec<char> = after.chars().take_while(in_line).take(LINE + 1).collect();
    let mut text = String::new();
    if left.len() + right.len() > LINE && left.len() > BEFORE {
        left.truncate(BEFORE);
        text.push('…');
    }
    let shown = &right[..right.len().min(LINE - left.len())];
    let marked = after.get(..(at.end - at.start) as usize).unwrap_or("").chars().count();
    let from = text.chars().count() + left.len();
    text.extend(left.iter().rev().chain(shown).map(|&c| visible(c)));
    if shown.len() < right.len() {
        text.push('…');
    }
    let text = without_credentials(&text);
    let byte = |column| text.char_indices().nth(column).map_or(text.len(), |(offset, _)| offset);
    let marked = byte(from)..byte(from + marked.min(shown.len()));
    Excerpt { path: escape::line(&source.name).into_owned(), marked, text, drawn_column: from + 1 }
}

/// `c`, or a visible character in place of one that a terminal would act on.
fn visible(c: char) -> char {
    match c {
        '\t' => ' ',
        c if escape::must_escape(c) => char::REPLACEMENT_CHARACTER,
        c => c,
    }
}
