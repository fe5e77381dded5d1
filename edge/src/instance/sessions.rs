//! New sessions by address, so that one client cannot fill the table of viewers.

use std::cell::RefCell;

use super::lru::LruMap;

/// New sessions of one address in [`SPAN_MS`]: more than a household or an office begins.
const COUNT_MAX: u32 = 60;
const SPAN_MS: u64 = 60_000;
/// Addresses that are counted.
const ADDRESS_COUNT_MAX: usize = 1024;

/// Counts of this instance: since when, and how many.
#[derive(Debug, Default)]
pub struct Sessions(RefCell<LruMap<(u64, u32), ADDRESS_COUNT_MAX>>);

impl Sessions {
    /// Counts a session. Beyond the limit, returns the milliseconds until the next one.
    pub(crate) fn count(&self, address: &str, now_ms: u64) -> Option<u64> {
        let mut counts = self.0.borrow_mut();
        let known = counts.get(address).copied();
        let (since_ms, count) = known
            .filter(|(since_ms, _)| now_ms.saturating_sub(*since_ms) < SPAN_MS)
            .unwrap_or((now_ms, 0));
        if count >= COUNT_MAX {
            return Some((since_ms + SPAN_MS).saturating_sub(now_ms).max(1));
        }
        counts.put(address, (since_ms, count + 1));
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_of_an_address_are_limited_and_those_of_others_are_not() {
        let sessions = Sessions::default();
        let refused = (0..100).filter(|_| sessions.count("192.0.2.1", 5).is_some()).count();
        assert_eq!(refused, 40);
        assert_eq!(sessions.count("192.0.2.1", 1_005), Some(SPAN_MS - 1_000));
        assert_eq!(sessions.count("192.0.2.2", 5), None);
        assert_eq!(sessions.count("192.0.2.1", 5 + SPAN_MS), None);
    }
}
