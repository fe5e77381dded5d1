//! The circuit breakers that the requests for one file have: one of each origin, and one of the file at
//! that origin. A fault of one file stops requests for that file alone.

use crate::{
    instance::MediaCache,
    platform::{Clock as _, Platform},
    rules::{circuit_breaker::CircuitBreaker, retry::Blame},
};

pub(super) struct Breakers<'a, P> {
    platform: &'a P,
    /// The provider and the name of the file there.
    file: String,
}

impl<'a, P: Platform> Breakers<'a, P> {
    pub(super) fn new(platform: &'a P, provider: &str, file: &str) -> Self {
        Self { platform, file: format!("{provider}/{file}") }
    }

    /// Whether a request may be sent to an origin now; otherwise, in how many milliseconds.
    pub(super) fn check(&self, origin: &str) -> Result<(), u64> {
        let now_ms = self.platform.clock().now_ms();
        self.media().breaker(origin, |breaker| breaker.check(now_ms))?;
        self.media().file_breaker(&self.key(origin), |breaker| breaker.check(now_ms))
    }

    /// Records that usable bytes came.
    pub(super) fn record_success(&self, origin: &str) {
        self.record_response(origin);
        self.media().file_breaker(&self.key(origin), CircuitBreaker::record_success);
    }

    /// Records that the origin responds, whatever it says.
    pub(super) fn record_response(&self, origin: &str) {
        self.media().breaker(origin, CircuitBreaker::record_success);
    }

    /// Records a failure. One that the file is to blame for says that the origin responds.
    pub(super) fn record_failure(&self, origin: &str, blame: Blame) {
        let now_ms = self.platform.clock().now_ms();
        match blame {
            Blame::Origin => {
                self.media().breaker(origin, |breaker| breaker.record_failure(now_ms));
            }
            Blame::File => {
                let key = self.key(origin);
                self.media().file_breaker(&key, |breaker| breaker.record_failure(now_ms));
            }
        }
    }

    /// Lets no request to an origin through for so many milliseconds.
    pub(super) fn open_for(&self, origin: &str, open_ms: u64) {
        let now_ms = self.platform.clock().now_ms();
        self.media().breaker(origin, |breaker| breaker.open_for(now_ms, open_ms));
    }

    fn key(&self, origin: &str) -> String {
        format!("{origin} {}", self.file)
    }

    fn media(&self) -> &'a MediaCache {
        &self.platform.instance().media
    }
}
