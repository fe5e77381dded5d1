//! Sizes and forms that more than one package must agree on.

/// Largest value in a key-value store, in bytes: Spin and Akamai document 1 MB, and hosts add some.
pub const VALUE_BYTES_MAX: usize = 900_000;

/// Longest id, in characters: it must fit Spin's 255-byte keys behind a prefix, and a file name.
pub const ID_CHARS_MAX: usize = 128;

/// Whether `id` has the form of every id: 1 to [`ID_CHARS_MAX`] of `[a-z0-9._-]`, beginning with a
/// letter or digit. So an id is at once a URL segment, a key and a file name.
pub fn is_id(id: &str) -> bool {
    (1..=ID_CHARS_MAX).contains(&id.len())
        && id.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'))
        && id.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
}

/// Longest password of a private library, in bytes: more than anybody types.
pub const PASSWORD_BYTES_MAX: usize = 256;

/// Memory of the hash of a password, in KiB: an instance of the edge has 128 MiB for all of its requests.
pub const PASSWORD_MEMORY_KIB_MAX: u32 = 48 * 1024;

/// Memory of the hash of a password in KiB, times its passes: about a second in wasm.
pub const PASSWORD_WORK_KIB_MAX: u32 = 256 * 1024;
