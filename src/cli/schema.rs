//! `guestlist schema`: the JSON Schema of the team file, for editors.

use super::args::Schema as Args;
use super::failure::Failure;
use super::terminal::Terminal;
use crate::team_file::schema;

pub(crate) fn run(args: &Args) -> Result<(), Failure> {
    Terminal::print(if args.included { schema::INCLUDED_FILE } else { schema::TEAM_FILE })
}
