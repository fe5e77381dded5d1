//! Lengths of functions: nine of ten in each room have at most 24 lines.

use std::collections::BTreeMap;

use crate::sources::{Source, assert_none, sources};

/// What nine of ten functions of a room have at most.
const LINES_P90_MAX: usize = 24;
/// What any function has at most; `clippy.toml` says the same for Rust.
const SCRIPT_LINES_MAX: usize = 70;
/// Longest functions shown for a room that breaks the rule.
const SHOWN: usize = 10;

struct Function {
    lines: usize,
    /// `path:line`.
    place: String,
}

#[test]
fn nine_of_ten_functions_of_a_room_have_at_most_24_lines() {
    let mut rooms: BTreeMap<String, Vec<Function>> = BTreeMap::new();
    for source in sources(&[".rs", ".js", ".mjs"]) {
        rooms.entry(room(&source.path)).or_default().extend(functions(&source));
    }
    let mut broken = Vec::new();
    for (room, mut functions) in rooms {
        functions.sort_by_key(|function| function.lines);
        let Some(p90) = functions.get(functions.len() * 9 / 10) else { continue };
        if p90.lines > LINES_P90_MAX {
            let longest = functions.iter().rev().take(SHOWN);
            let longest =
                longest.map(|function| format!("{:5} {}", function.lines, function.place));
            broken.push(format!(
                "{room}: {} lines\n{}",
                p90.lines,
                longest.collect::<Vec<_>>().join("\n")
            ));
        }
    }
    assert_none(broken, "nine of ten functions of a room have at most 24 lines");
}

#[test]
fn functions_of_scripts_have_at_most_70_lines() {
    let functions = sources(&[".js", ".mjs"]).iter().flat_map(functions).collect::<Vec<_>>();
    let long = functions.iter().filter(|function| function.lines > SCRIPT_LINES_MAX);
    let broken = long.map(|function| format!("{}: {} lines", function.place, function.lines));
    assert_none(broken.collect(), "at most 70 lines in a function");
}

/// `edge/src/routes`, `crates/mp4/src`, `tests/node`, `xtask`.
fn room(path: &str) -> String {
    let folders: Vec<&str> = path.split('/').collect();
    let depth = match (folders[0], folders[1]) {
        ("crates", _) => 3,
        ("edge" | "local-runtime" | "wasm-player", "src") if folders.len() > 3 => 3,
        ("edge" | "local-runtime" | "tests" | "wasm-player", _) => 2,
        _ => 1,
    };
    folders[..depth].join("/")
}

/// All functions with a body. A body ends at the first line with a brace at the indentation of its
/// function: rustfmt, and the style of the scripts, put it there.
fn functions(source: &Source) -> Vec<Function> {
    let lines: Vec<&str> = source.shipped().lines().collect();
    let begins = if source.is_rust() { begins_in_rust } else { begins_in_script };
    let starts = (0..lines.len()).filter(|at| begins(lines[*at]));
    let functions = starts.filter_map(|at| {
        let lines = length(&lines[at..])?;
        Some(Function { lines, place: format!("{}:{}", source.path, at + 1) })
    });
    functions.collect()
}

/// Lines of the function that begins with the first of these; none if it has no body.
fn length(lines: &[&str]) -> Option<usize> {
    let first = lines[0];
    if first.ends_with('}') {
        return Some(1);
    }
    let indent = &first[..first.len() - first.trim_start().len()];
    let end = format!("{indent}}}");
    let mut has_body = false;
    for (count, line) in (1..).zip(lines) {
        has_body |= line.contains('{');
        if line.starts_with(&end) {
            return Some(count);
        }
        if line.ends_with(';') && !has_body {
            return None;
        }
    }
    None
}

fn begins_in_rust(line: &str) -> bool {
    let mut words = line.split_whitespace().peekable();
    while words.next_if(|word| is_qualifier(word)).is_some() {}
    words.next() == Some("fn")
}

fn is_qualifier(word: &str) -> bool {
    ["pub", "const", "async", "unsafe", "extern", "\"C\""].contains(&word)
        || word.starts_with("pub(")
}

fn begins_in_script(line: &str) -> bool {
    let mut rest = line.trim_start();
    while let Some((word, after)) = rest.split_once(' ')
        && ["export", "default", "async", "static", "get", "set"].contains(&word)
    {
        rest = after;
    }
    is_function(rest) || is_arrow(rest) || is_method(rest)
}

fn is_function(line: &str) -> bool {
    line.starts_with("function ") || line.starts_with("function* ")
}

fn is_arrow(line: &str) -> bool {
    let value = line.strip_prefix("const ").and_then(|rest| rest.split_once(" = "));
    value.is_some_and(|(_, value)| {
        value.trim_start_matches("async ").starts_with('(') && value.ends_with("=> {")
    })
}

fn is_method(line: &str) -> bool {
    let Some((name, rest)) = line.split_once('(') else { return false };
    let keyword = ["if", "for", "while", "switch", "catch", "return", "else"];
    let is_name = |c: char| c.is_alphanumeric() || c == '_';
    let name = name.strip_prefix('#').unwrap_or(name);
    let is_named = !name.is_empty() && name.chars().all(is_name) && !keyword.contains(&name);
    is_named && !rest.contains(';') && (rest.ends_with(") {") || rest.ends_with('}'))
}

#[test]
fn length_of_a_function_counts_its_signature_and_its_braces() {
    let rust = "fn a(\n    b: u8,\n) {\n    b;\n}\nfn c();\n    fn d() {}\n";
    let script = "    #a(b) {\n        if (b) {\n        }\n    }\nconst c = async (d) => {\n};\n";
    let lengths = |path: &str, text: &str| -> Vec<usize> {
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        functions(&source).iter().map(|function| function.lines).collect()
    };
    assert_eq!(lengths("a/b.rs", rust), [5, 1]);
    assert_eq!(lengths("a/b.js", script), [4, 2]);
}
