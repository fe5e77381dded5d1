//! Whether a deployment is ready to serve.

use serde::{Deserialize, Serialize};

/// Response of `GET /health/ready`. Its status is 503 while a store that viewers need fails.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether every store that viewers need responds.
    pub ready: bool,
    /// Every store.
    pub stores: Vec<StoreReadiness>,
}

/// Whether one store responds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct StoreReadiness {
    /// `keyValue`, `objects`, `database` or `durableObjects`.
    pub store: String,
    /// Whether viewers need it: without it, the deployment is not ready.
    pub needed: bool,
    /// What is wrong; absent where the store responds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
    /// Since when, in milliseconds since the Unix epoch, as far as this deployment has noticed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub since_ms: Option<u64>,
}
