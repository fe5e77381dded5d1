//! The colour of an episode's place before its first frame is there: that of the picture which the page
//! draws for its title.

/// The nearest hills of the palettes in `edge/page/placeholder-art.js`.
const COLOURS: [&str; 12] = [
    "#2a2a3d", "#0a1226", "#1f3f46", "#241530", "#0e2a2c", "#171230", "#2b1716", "#17324a",
    "#2c333f", "#071f2a", "#2b1a3a", "#1a3327",
];

/// The colour of a title: FNV-1a, then one step of a small generator, as that script has them.
pub fn poster_colour(title: &str) -> &'static str {
    let hash = title
        .chars()
        .fold(0x811c_9dc5_u32, |state, c| (state ^ u32::from(c)).wrapping_mul(0x0100_0193));
    let state = hash.wrapping_add(0x6d2b_79f5);
    let mixed = (state ^ (state >> 15)).wrapping_mul(state | 1);
    let mixed = mixed ^ mixed.wrapping_add((mixed ^ (mixed >> 7)).wrapping_mul(mixed | 0x3d));
    let share = u64::from(mixed ^ (mixed >> 14));
    let place = (share * COLOURS.len() as u64) >> 32;
    usize::try_from(place).ok().and_then(|place| COLOURS.get(place)).copied().unwrap_or("#05060a")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `placeholderArt` chooses for these titles.
    #[test]
    fn colour_is_that_of_the_drawn_picture() {
        for (title, colour) in EXPECTED {
            assert_eq!(poster_colour(title), colour, "{title}");
        }
    }

    const EXPECTED: [(&str, &str); 4] = [
        ("Night Train", "#2c333f"),
        ("", "#17324a"),
        ("Zürich 🎬", "#0e2a2c"),
        ("North and South", "#0a1226"),
    ];
}
