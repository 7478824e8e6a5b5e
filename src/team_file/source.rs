//! The files that were read. Content that cannot be a team file is rejected here,
//! before parsing: too large, not UTF-8, NUL bytes, line breaks that only some programs recognize.

use super::location::{FileId, Location};
use super::problem::{Problem, Problems};
use super::problem_id::ProblemId;

/// The most bytes of all files of a team together. A reader can stop after one byte more.
pub const MAX_BYTES: usize = 64 * 1024 * 1024;

/// The most lines of a file, so any content is read quickly.
const MAX_LINES: usize = 2_000_000;

/// A file that was read.
#[derive(Debug)]
pub struct Source {
    /// The path of the file, as the user would write it.
    pub name: String,
    /// The content, up to the first byte that is not text.
    pub text: String,
    /// Whether the file was read and is text, so it can be parsed.
    pub(super) is_text: bool,
}

/// The team file and the files that it includes, in the order in which they were read.
#[derive(Debug, Default)]
pub struct Sources {
    files: Vec<Source>,
    bytes: usize,
}

impl Location {
    /// The start of a file, for problems with the file as a whole.
    #[must_use]
    pub fn top(file: FileId) -> Self {
        Self { file, start: 0, end: 0, line: 1, column: 1 }
    }
}

impl Sources {
    /// Adds a file that could not be read, so problems can name it.
    pub fn add_unread(&mut self, name: &str) -> FileId {
        self.push(name, String::new())
    }

    /// Adds the content of a file. Content that cannot be a team file is reported and dropped.
    pub fn add(&mut self, name: &str, bytes: Vec<u8>, problems: &mut Problems) -> FileId {
        self.bytes = self.bytes.saturating_add(bytes.len());
        if self.bytes > MAX_BYTES {
            let file = self.add_unread(name);
            let message = format!("all files together are larger than {} MiB", MAX_BYTES / 1024 / 1024);
            problems.push(Problem::new(Location::top(file), ProblemId::FileTooLarge, message));
            return file;
        }
        let (text, cut) = match String::from_utf8(bytes) {
            Ok(text) => (text, None),
            Err(error) => {
                let end = error.utf8_error().valid_up_to();
                let mut bytes = error.into_bytes();
                bytes.truncate(end);
                let mut text = String::from_utf8(bytes).unwrap_or_default();
                text.push(char::REPLACEMENT_CHARACTER);
                (text, Some((end, ProblemId::NotUtf8, "not UTF-8 from here on", "save the file as UTF-8")))
            }
        };
        let cut = cut.or_else(|| first_unfit(&text));
        let file = self.push(name, text);
        let source = &mut self.files[file.0 as usize];
        source.is_text = cut.is_none();
        if let Some((offset, id, message, help)) = cut {
            let at = location(file, &source.text, offset);
            problems.push(Problem::new(at, id, message).help(help));
        } else if let Some(after) = source.text.strip_prefix('\u{feff}') {
            source.text = after.to_owned();
        }
        file
    }

    /// The file with that number.
    #[must_use]
    pub fn get(&self, file: FileId) -> &Source {
        &self.files[file.0 as usize]
    }

    fn push(&mut self, name: &str, text: String) -> FileId {
        let file = FileId(u32::try_from(self.files.len()).unwrap_or(u32::MAX));
        self.files.push(Source { name: name.to_owned(), text, is_text: false });
        file
    }
}

/// The offset of the first character that is not allowed; the id, the message and the help.
fn first_unfit(text: &str) -> Option<(usize, ProblemId, &'static str, &'static str)> {
    let breaks = ['\u{85}', '\u{2028}', '\u{2029}'].into_iter().filter_map(|c| text.find(c)).min();
    if let Some(offset) = text.find('\0') {
        Some((
            offset,
            ProblemId::NotUtf8,
            "NUL byte: this is not a text file",
            "save the file as plain text in UTF-8",
        ))
    } else if let Some(offset) = breaks {
        let message = "unusual line break (U+0085, U+2028 or U+2029)";
        Some((
            offset,
            ProblemId::UnusualLineBreak,
            message,
            "use a normal line break, or remove the character",
        ))
    } else if [b'\n', b'\r'].into_iter().any(|end| count(text, end) > MAX_LINES) {
        Some((
            0,
            ProblemId::FileTooLarge,
            "the file has more than 2,000,000 lines",
            "is this the file you meant?",
        ))
    } else {
        None
    }
}

fn count(text: &str, byte: u8) -> usize {
    text.bytes().filter(|&other| other == byte).count()
}

/// The location of the character at `offset`.
fn location(file: FileId, text: &str, offset: usize) -> Location {
    let before = &text[..offset];
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let width = text[offset..].chars().next().map_or(0, char::len_utf8);
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Location {
        file,
        start: number(offset),
        end: number(offset + width),
        line: number(count(before, b'\n') + 1),
        column: number(before[line_start..].chars().count() + 1),
    }
}
