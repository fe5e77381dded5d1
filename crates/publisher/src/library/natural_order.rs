//! The order in which people expect file names: numbers by value, letters without case.

use std::cmp::Ordering;

/// Orders `e2` before `E10`.
pub(crate) fn natural_order(left: &str, right: &str) -> Ordering {
    let (left_parts, right_parts) = (parts(left), parts(right));
    left_parts.cmp(&right_parts).then_with(|| left.cmp(right))
}

/// A run of digits (its length without zeros in front, then the digits), or other letters.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum NamePart {
    Digits(usize, String),
    Letters(String),
}

fn parts(text: &str) -> Vec<NamePart> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let digits = first.is_ascii_digit();
        let end = rest.find(|c: char| c.is_ascii_digit() != digits).unwrap_or(rest.len());
        let (run, tail) = rest.split_at(end);
        parts.push(if digits {
            let run = run.trim_start_matches('0');
            NamePart::Digits(run.len(), run.to_owned())
        } else {
            NamePart::Letters(run.to_lowercase())
        });
        rest = tail;
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_ordered_as_numbers() {
        let mut names = vec!["e10", "E2", "e1", "e02b", "a"];
        names.sort_by(|left, right| natural_order(left, right));
        assert_eq!(names, ["a", "e1", "E2", "e02b", "e10"]);
    }
}
