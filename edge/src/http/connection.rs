//! What a platform says of the connection on which a request came.

/// The connection of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Connection {
    /// The client's address, perhaps with its port; empty where the platform does not say it.
    pub client_address: String,
    /// The host and port that the client asked for; empty where it named none.
    pub authority: String,
    /// Whether the platform itself speaks TLS with the client.
    pub is_tls: bool,
}
