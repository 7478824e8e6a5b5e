//! Whole messages, with their places, for each rule about a team file.

use super::*;
use crate::team_file::{Problems, Sources, parse_included, parse_root};

/// Reads a team file and the files it includes.
fn read(files: &[(&str, &str)]) -> Result<Team, String> {
    let (mut sources, mut problems) = (Sources::default(), Problems::default());
    let mut included = Vec::new();
    let mut root = None;
    for (name, text) in files {
        let file = sources.add(name, text.as_bytes().to_vec(), &mut problems);
        if root.is_none() {
            root = Some(parse_root(&sources, file, &mut problems));
        } else {
            included.push(parse_included(&sources, file, &mut problems));
        }
    }
    resolve(&sources, &root.expect("a team file"), &included, problems)
        .map_err(|problems| problems.text(&sources, false))
}
#[test]
fn scratch() {
    let text = std::fs::read_to_string("/tmp/scratch.txt").unwrap();
    for case in text.split("=====\n") {
        println!(
            "<<<<<\n{case}-----\n{}>>>>>",
            match read(&[("team.yaml", case)]) {
                Ok(team) => format!("OK {team:#?}\n"),
                Err(text) => text,
            }
        );
    }
}
