//! Rules for `docs/limits.md`: each row names a number and a test that exist.

use std::fs;

use crate::sources::{assert_none, root};

/// The sections, in their order.
const SECTIONS: [&str; 7] = [
    "One client",
    "All clients together",
    "One address",
    "One viewer",
    "One provider",
    "One file",
    "The command line",
];

fn document() -> String {
    fs::read_to_string(root().join("docs/limits.md")).unwrap()
}

/// The cells of each row, and its section.
fn rows(text: &str) -> Vec<(&str, Vec<&str>)> {
    let mut section = "";
    let mut rows = Vec::new();
    for line in text.lines() {
        section = line.strip_prefix("## ").unwrap_or(section);
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if line.starts_with("| ") && !line.starts_with("| what |") {
            rows.push((section, cells[1..cells.len() - 1].to_vec()));
        }
    }
    rows
}

#[test]
fn sections_of_limits_are_in_order() {
    let text = document();
    let found: Vec<&str> = text.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(found, SECTIONS);
}

#[test]
fn limits_name_a_number_and_a_test_that_exist() {
    let text = document();
    let broken = rows(&text).into_iter().flat_map(|(_, cells)| {
        let [what, limit, code, holder] = cells[..] else {
            return vec![format!("{}: a row has four cells", cells.join(" | "))];
        };
        let faults = [code, holder].into_iter().filter_map(fault);
        let empty = (limit.is_empty()).then(|| "no limit".to_owned());
        faults.chain(empty).map(|fault| format!("{what}: {fault}")).collect()
    });
    assert_none(broken.collect(), "rows of docs/limits.md");
}

/// Why a cell is not a file and a word in it.
fn fault(cell: &str) -> Option<String> {
    let quoted: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
    let [path, name] = quoted[..] else {
        return Some(format!("{cell:?} is not a file and a name, each in backquotes"));
    };
    let Ok(file) = fs::read_to_string(root().join(path)) else {
        return Some(format!("there is no file {path}"));
    };
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let is_there = file.split(|c: char| !is_word(c)).any(|word| word == name);
    (!is_there).then(|| format!("{path} has no {name}"))
}

#[test]
fn limits_of_a_section_are_sorted() {
    let text = document();
    let rows = rows(&text);
    let broken = rows.windows(2).filter(|pair| {
        let [(section, cells), (next_section, next)] = pair else { return false };
        section == next_section && cells[0].to_lowercase() > next[0].to_lowercase()
    });
    let broken = broken.map(|pair| format!("{} stands before {}", pair[0].1[0], pair[1].1[0]));
    assert_none(broken.collect(), "rows of docs/limits.md that are not sorted");
}
