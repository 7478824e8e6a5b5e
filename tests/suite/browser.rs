//! A headless Chromium: asks pages questions by their address, and prints them.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::programs::{find, scrubbed};

/// A browser in `PATH`.
pub(crate) struct Browser(PathBuf);

/// What an access review shows.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub(crate) struct Answer {
    pub(crate) title: String,
    /// The sentence above the table; empty without scripts.
    pub(crate) sentence: String,
    /// The emails of the rows shown, in their order.
    pub(crate) people: Vec<String>,
    /// The projects whose columns are shown.
    pub(crate) projects: Vec<String>,
    /// `email project` of each highlighted cell.
    pub(crate) highlighted: Vec<String>,
    /// Whether the filters are shown.
    pub(crate) filters: bool,
    /// The columns that are sorted by: `name ascending`.
    pub(crate) sorted: Vec<String>,
    /// What follows the file in the address: `#…`.
    pub(crate) address: String,
    /// The number of scripts and images in the page.
    pub(crate) scripts_and_images: usize,
}

/// Sets the address of each page to each question in turn, and records what the page then shows. A question
/// that starts with `!` uses the page instead: `!role=ADMIN` fills in a filter, `!click Status` presses a button.
/// The pages themselves are unchanged, with their content security policy.
const ASK: &str = r##"
addEventListener("load", () => {
  const all = Array.from(document.querySelectorAll("iframe"), (frame) => {
    const page = frame.contentWindow;
    const root = page.document;
    const name = (cell) => (cell.querySelector("button") ?? cell.firstChild).textContent;
    const heads = Array.from(root.querySelectorAll("#people .columns th"));
    const isShown = (element) => page.getComputedStyle(element).display !== "none";
    return JSON.parse(frame.dataset.questions).map((question) => {
      const [, button, field, value] = question.match(/^!(?:click (.*)|(.*)=(.*))$/) ?? [];
      if (button) {
        Array.from(root.querySelectorAll("button")).find((it) => it.textContent === button).click();
      } else if (field) {
        root.forms[0].elements[field].value = value;
        root.forms[0].elements[field].dispatchEvent(new page.Event("input", { bubbles: true }));
      } else {
        page.location.hash = question;
        page.dispatchEvent(new page.HashChangeEvent("hashchange"));
      }
      const rows = Array.from(root.querySelectorAll("#people tbody tr")).filter((row) => !row.hidden);
      const email = (row) => row.cells[0].firstChild.textContent;
      return {
        title: root.title,
        sentence: root.getElementById("answer").textContent,
        people: rows.map(email),
        projects: heads.slice(2).filter(isShown).map(name),
        highlighted: Array.from(root.querySelectorAll(".match"), (cell) => email(cell.parentNode) + " " + cell.dataset.project),
        filters: isShown(root.getElementById("filters")),
        sorted: heads.filter((head) => (head.getAttribute("aria-sort") ?? "none") !== "none")
          .map((head) => name(head) + " " + head.getAttribute("aria-sort")),
        address: page.location.hash,
        scripts_and_images: root.querySelectorAll("script, img").length,
      };
    });
  });
  const escaped = JSON.stringify(all).replace(/[<>&]/g, (c) => "\\u00" + c.charCodeAt(0).toString(16));
  document.querySelector("pre").textContent = escaped;
});
"##;

impl Browser {
    /// The first Chromium in `PATH`; where there is none, says which test is skipped.
    pub(crate) fn find() -> Option<Self> {
        find(&["chromium", "chromium-browser", "google-chrome", "chrome"]).map(Self)
    }

    /// Loads each page once, in one run of the browser, and asks it each of its questions: what follows `#`
    /// in its address, or a use of the page (see `ASK`).
    pub(crate) fn ask(&self, pages: &[(String, Vec<String>)]) -> Vec<Vec<Answer>> {
        let folder = tempfile::tempdir().expect("a folder");
        let mut text = String::from("<!DOCTYPE html><meta charset=utf-8><pre></pre>\n");
        for (page, questions) in pages {
            let questions = serde_json::to_string(questions).expect("JSON");
            let _ = writeln!(
                text,
                "<iframe srcdoc=\"{}\" data-questions=\"{}\" width=1600></iframe>",
                attribute(page),
                attribute(&questions)
            );
        }
        let _ = write!(text, "<script>{ASK}</script>");
        let file = folder.path().join("ask.html");
        fs::write(&file, text).expect("a file");
        let shown = self.dom(&file, "");
        let answers = shown.split_once("<pre>").and_then(|(_, rest)| rest.split_once("</pre>"));
        serde_json::from_str(answers.expect("answers").0).expect("answers")
    }

    /// The page after its script ran.
    pub(crate) fn dom(&self, file: &Path, address: &str) -> String {
        self.run(&["--dump-dom"], file, address)
    }

    /// Prints a page as PDF.
    pub(crate) fn print(&self, file: &Path, pdf: &Path) {
        self.run(&["--no-pdf-header-footer", &format!("--print-to-pdf={}", pdf.display())], file, "");
        assert!(pdf.is_file(), "the browser printed nothing");
    }

    fn run(&self, args: &[&str], file: &Path, address: &str) -> String {
        let profile = tempfile::tempdir().expect("a folder");
        let output = scrubbed(&self.0)
            .env("HOME", profile.path())
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
            // Otherwise many changes of an address in a short time are dropped.
            .arg("--disable-ipc-flooding-protection")
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .args(args)
            .arg(format!("file://{}{address}", file.display()))
            .output()
            .expect("the browser runs");
        String::from_utf8(output.stdout).expect("UTF-8")
    }
}

fn attribute(text: &str) -> String {
    text.replace('&', "&amp;").replace('"', "&quot;")
}
