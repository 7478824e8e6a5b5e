//! `guestlist completions`, and the answers to the scripts that it prints: a script asks guestlist itself, so it
//! can offer the people of the team file.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use clap_complete::env::{Bash, CompleteEnv, Elvish, EnvCompleter, Fish, Powershell, Shells, Zsh};

use super::args::Completions as Args;
use super::command::command;
use super::failure::Failure;
use super::terminal::Terminal;

/// Set by a script that asks, to the name of the shell.
const VARIABLE: &str = "GUESTLIST_COMPLETE";

/// The index of the word to complete, from the scripts of some shells.
const INDEX: &str = "_CLAP_COMPLETE_INDEX";

const SHELLS: [Adapter; 5] =
    [Adapter(&Bash), Adapter(&Elvish), Adapter(&Fish), Adapter(&Powershell), Adapter(&Zsh)];

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    let mut script = Vec::new();
    let shell = args.shell.to_string();
    let adapter = SHELLS.iter().find(|adapter| adapter.is(&shell));
    let adapter = adapter.ok_or_else(|| Failure::new(format!("no completions for {shell}")))?;
    let written = adapter.write_registration(VARIABLE, "guestlist", "guestlist", "guestlist", &mut script);
    written.map_err(|error| Failure::new(format!("cannot generate completions: {error}")))?;
    Terminal::print(&String::from_utf8_lossy(&script))
}

/// Answers a script, if one asks. Whatever goes wrong, it only offers nothing.
pub(crate) fn answer() -> bool {
    let shells: Vec<&dyn EnvCompleter> = SHELLS.iter().map(|adapter| adapter as &dyn EnvCompleter).collect();
    let complete = CompleteEnv::with_factory(command).var(VARIABLE).shells(Shells(&shells));
    complete.try_complete(std::env::args_os(), std::env::current_dir().ok().as_deref()).unwrap_or(true)
}

/// A shell as clap knows it, with two differences: bash has a script of its own, because it splits words at `=`
/// and `@`; and options are offered only after a dash, as most programs do.
struct Adapter(&'static (dyn EnvCompleter + Sync));

impl EnvCompleter for Adapter {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    fn is(&self, name: &str) -> bool {
        self.0.is(name)
    }

    fn write_registration(
        &self,
        variable: &str,
        name: &str,
        bin: &str,
        completer: &str,
        script: &mut dyn io::Write,
    ) -> io::Result<()> {
        if self.is("bash") {
            return script
                .write_all(include_str!("completions.bash").replace("VARIABLE", variable).as_bytes());
        }
        self.0.write_registration(variable, name, bin, completer, script)
    }

    fn write_complete(
        &self,
        command: &mut clap::Command,
        words: Vec<OsString>,
        folder: Option<&Path>,
        answer: &mut dyn io::Write,
    ) -> io::Result<()> {
        let index = std::env::var(INDEX).ok().and_then(|index| index.parse().ok()).unwrap_or(words.len() - 1);
        let begins_with_dash = |text: &[u8]| text.starts_with(b"-");
        let is_option = words.get(index).is_some_and(|word| begins_with_dash(word.as_encoded_bytes()));
        let mut all = Vec::new();
        self.0.write_complete(command, words, folder, &mut all)?;
        for line in all.split_inclusive(|byte| *byte == b'\n') {
            if is_option || !begins_with_dash(line) {
                answer.write_all(line)?;
            }
        }
        Ok(())
    }
}
