//! Rules for whole files: their first line, length, width, unfinished work, and that a module
//! declares them.

use crate::sources::{Source, assert_none, sources};

/// Lines of a file, before its module `tests`.
const FILE_LINES_MAX: usize = 400;
/// rustfmt holds code to 100 columns; a sentence in a string may be a little longer.
const COLUMNS_MAX: usize = 120;

#[test]
fn first_line_of_a_file_is_its_description() {
    let broken = sources(&[".rs"]).into_iter().filter(|source| {
        let text = source.text.strip_prefix("#![no_main]\n").unwrap_or(&source.text);
        !text.starts_with("//! ")
    });
    assert_none(broken.map(|source| source.path).collect(), "must open with `//! `");
}

#[test]
fn files_have_at_most_400_lines() {
    let broken = sources(&[".rs", ".js", ".mjs", ".css"]).into_iter().filter_map(|source| {
        let lines = source.shipped().lines().count();
        (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines", source.path))
    });
    assert_none(broken.collect(), "at most 400 lines before the tests");
}

#[test]
fn lines_have_at_most_120_columns() {
    let shipped = sources(&[".rs", ".js"]).into_iter().filter(|source| !source.is_test());
    let broken = shipped.flat_map(|source| {
        let is_wide = |line: &str| line.chars().count() > COLUMNS_MAX && !is_table_row(line);
        let wide = (1..).zip(source.text.lines()).filter(|(_, line)| is_wide(line));
        wide.map(|(number, _)| format!("{}:{number}", source.path)).collect::<Vec<_>>()
    });
    assert_none(broken.collect(), "too many columns");
}

fn is_table_row(line: &str) -> bool {
    line.starts_with("//! |")
}

#[test]
fn no_file_marks_unfinished_work() {
    // In two pieces, so that this file passes.
    let marks = ["TO".to_owned() + "DO", "FIX".to_owned() + "ME", "X".to_owned() + "XX"];
    let is_marked = |line: &str| {
        let mut words = line.split(|c: char| !c.is_alphanumeric());
        words.any(|word| marks.iter().any(|mark| mark == word))
    };
    let broken = sources(&[".rs", ".js", ".mjs", ".css", ".html"]).into_iter().flat_map(|source| {
        let marked = (1..).zip(source.text.lines()).filter(|(_, line)| is_marked(line));
        marked.map(|(number, _)| format!("{}:{number}", source.path)).collect::<Vec<_>>()
    });
    assert_none(broken.collect(), "marks of unfinished work");
}

#[test]
fn files_of_a_package_are_declared_as_modules() {
    let all = sources(&[".rs"]);
    let broken = all.iter().filter(|source| !is_declared(source, &all));
    assert_none(broken.map(|source| source.path.clone()).collect(), "files that no `mod` declares");
}

fn is_declared(source: &Source, all: &[Source]) -> bool {
    let Some((package, inner)) = source.path.split_once("/src/") else { return true };
    if ["lib.rs", "main.rs"].contains(&inner) || inner.starts_with("bin/") {
        return true;
    }
    let module = inner.strip_suffix("/mod.rs").or(inner.strip_suffix(".rs")).unwrap();
    let (parent, name) = module.rsplit_once('/').unwrap_or(("", module));
    let parents = if parent.is_empty() {
        ["lib.rs".to_owned(), "main.rs".to_owned()]
    } else {
        [format!("{parent}/mod.rs"), format!("{parent}.rs")]
    };
    let parents = parents.map(|parent| format!("{package}/src/{parent}"));
    let mut candidates = all.iter().filter(|source| parents.contains(&source.path));
    candidates.any(|parent| parent.text.lines().any(|line| declares(line, name)))
}

fn declares(line: &str, module: &str) -> bool {
    line.trim().strip_suffix(&format!("mod {module};")).is_some_and(|visibility| {
        visibility.is_empty() || visibility.starts_with("pub") || visibility.starts_with("#[")
    })
}
