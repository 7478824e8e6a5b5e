//! Text in a cell of a CSV file that a spreadsheet will open.

use super::line;

/// The beginnings by which a spreadsheet takes a cell for a formula, wide forms included.
const FORMULA: [char; 8] = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];

/// `text` as a quoted cell. One that a spreadsheet would take for a formula gets an apostrophe before it.
#[must_use]
pub fn cell(text: &str) -> String {
    let text = line(text);
    let formula = text.trim_start().starts_with(FORMULA);
    format!("\"{}{}\"", if formula { "'" } else { "" }, text.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::cell;

    #[test]
    fn formulas_are_text_and_quotes_are_doubled() {
        assert_eq!(cell("Alex \"A\" Doe, Jr."), "\"Alex \"\"A\"\" Doe, Jr.\"");
        for formula in ["=1+1", "+1", "-1", "@SUM(A1)", " =1", "＝1"] {
            assert_eq!(cell(formula), format!("\"'{formula}\""));
        }
        assert_eq!(cell("\t=1"), "\"\\t=1\"");
        assert_eq!(cell("a\r\n=1"), "\"a\\r\\n=1\"");
    }
}
