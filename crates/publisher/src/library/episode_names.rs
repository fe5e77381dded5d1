//! Names that tell titles, or the episodes of a title, apart, and that do not depend on their order.

use std::collections::HashMap;

use super::slug::slug;

/// The name of an episode that has words and no number.
pub(crate) fn of_words(words: &str) -> String {
    let name = slug(words);
    // Digits alone would be the number of an episode.
    if name.bytes().all(|byte| byte.is_ascii_digit()) { format!("n-{name}") } else { name }
}

/// Gives those of `all` that have the same name a part of the hash of what tells them apart.
pub(crate) fn tell_apart<T>(
    all: &mut [T],
    name: fn(&mut T) -> &mut String,
    distinction: fn(&T) -> String,
) {
    let mut uses: HashMap<String, u32> = HashMap::new();
    for one in all.iter_mut() {
        *uses.entry(name(one).clone()).or_default() += 1;
    }
    for one in all {
        let hash = blake3::hash(distinction(one).as_bytes()).to_hex();
        let name = name(one);
        if uses.get(name).is_some_and(|uses| *uses > 1) {
            *name = format!("{name}-{}", hash.get(..8).unwrap_or_default());
        }
    }
}
