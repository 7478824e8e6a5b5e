//! `guestlist man`: one manual page for guestlist and one for each command, from the command line's own
//! description.

use std::fs;
use std::io;
use std::path::Path;

use clap::Command;
use clap_mangen::Man;
use clap_mangen::roff::{Roff, bold, roman};

use super::after_help::AfterHelp;
use super::args::Man as Args;
use super::command::command;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::escape;
use crate::team_file::did_you_mean;
use crate::words::count;

/// When the command line was last changed.
const DATE: &str = "2026-11-27";

/// The length of a line of source, in bytes.
const LINE: usize = 80;

pub(crate) fn run(args: &Args, terminal: Terminal) -> Result<(), Failure> {
    let command = command();
    let mut pages = vec![&command];
    pages.extend(command.get_subcommands().filter(|subcommand| !subcommand.is_hide_set()));
    let failure = |error| Failure::new(format!("cannot generate the manual page: {error}"));
    let Some(folder) = &args.out else {
        let wanted = args.page.as_deref().unwrap_or(command.get_name());
        let Some(page) = pages.iter().find(|page| page.get_name() == wanted) else {
            return Err(unknown(wanted, &pages));
        };
        return Terminal::print(&source(page).map_err(failure)?);
    };
    for page in &pages {
        save(folder, title(page), &source(page).map_err(failure)?)?;
    }
    terminal.say(&format!("Wrote {} to {}.", count(pages.len(), "page"), escape::path(folder)));
    Ok(())
}

fn unknown(wanted: &str, pages: &[&Command]) -> Failure {
    let names = pages.iter().map(|page| page.get_name());
    let meant = did_you_mean(wanted, names).map(|question| format!("; {question}"));
    Failure::new(format!("unknown command {}{}", crate::team_file::shown(wanted), meant.unwrap_or_default()))
}

fn save(folder: &Path, title: &str, source: &str) -> Result<(), Failure> {
    let path = folder.join(format!("{title}.1"));
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(&path, source))
        .map_err(|error| Failure::new(format!("cannot write `{}`: {error}", escape::path(&path))))
}

/// `guestlist` or `guestlist-plan`.
fn title(command: &Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// The page of `command`.
fn source(command: &Command) -> io::Result<String> {
    let after = AfterHelp::of(command.get_name());
    // An option that `-h` omits would lose its description; a list of values would be half a page.
    let mut command = command.clone().subcommand_help_heading("COMMANDS").mut_args(|arg| {
        let values: Vec<_> = arg.get_possible_values().iter().map(|it| it.get_name().to_owned()).collect();
        let arg = arg.hide_short_help(false).hide_possible_values(true);
        match arg.get_help().map(ToString::to_string) {
            Some(help) if arg.get_action().takes_values() && !values.is_empty() => {
                arg.help(format!("{help}. Possible values: {}", values.join(", ")))
            }
            _ => arg,
        }
    });
    let mut start = Roff::new();
    let version = concat!("guestlist ", env!("CARGO_PKG_VERSION"));
    start.control("TH", [title(&command), "1", DATE, version, "guestlist manual"]);
    let usage = command.render_usage().to_string();
    let name = command.get_bin_name().unwrap_or("guestlist").to_owned();
    let arguments = usage.split_once(&name).map_or("", |(_, arguments)| arguments).to_owned();
    let mut synopsis = Roff::new();
    synopsis.control("SH", ["SYNOPSIS"]).text([bold(&name), roman(arguments)]);
    let mut end = Roff::new();
    for (heading, text) in after.notes {
        end.control("SH", [heading.to_uppercase().as_str()]).control("nf", []);
        end.text([roman(*text)]).control("fi", []);
    }
    end.control("SH", ["EXAMPLES"]);
    for (what, line) in after.examples() {
        end.control("TP", []).text([roman(format!("{what}:"))]);
        end.control("nf", []).text([bold(*line)]).control("fi", []);
    }
    let has_pages = command.has_subcommands();
    if !has_pages {
        end.control("SH", ["SEE ALSO"]).text([bold("guestlist"), roman("(1)")]);
    }
    let man = Man::new(command);
    let mut source = Vec::new();
    start.to_writer(&mut source)?;
    man.render_name_section(&mut source)?;
    synopsis.to_writer(&mut source)?;
    man.render_description_section(&mut source)?;
    man.render_options_section(&mut source)?;
    if has_pages {
        man.render_subcommands_section(&mut source)?;
    }
    end.to_writer(&mut source)?;
    Ok(tidy(&String::from_utf8_lossy(&source)))
}

/// One definition of the apostrophe for all sections, and filled lines that are not too long.
fn tidy(source: &str) -> String {
    let preamble: String = Roff::new().render();
    let mut tidy = preamble.clone();
    let mut is_filled = true;
    for line in source.replace(&preamble, "").lines() {
        match line {
            ".nf" => is_filled = false,
            ".fi" => is_filled = true,
            _ => {}
        }
        let mut column = 0;
        for word in line.split(' ') {
            if is_filled && !line.starts_with('.') && column > 0 && column + word.len() >= LINE {
                // At the beginning of a line, a period or an apostrophe would make it a request.
                tidy.push_str(if word.starts_with(['.', '\'']) { "\n\\&" } else { "\n" });
                column = 0;
            } else if column > 0 {
                tidy.push(' ');
            }
            tidy.push_str(word);
            column += word.len() + 1;
        }
        tidy.push('\n');
    }
    tidy
}
