//! Options of the sockets of connections: nothing waits for more bytes, and few bytes wait unsent.

use std::io;

use tokio::net::TcpStream;

/// Unsent bytes that a socket buffers where connections are few. By default it buffers megabytes for a
/// client that reads slowly or leaves, and the first byte of the next response waits until all of them
/// are sent.
const UNSENT_BYTES_MAX: u32 = 256 << 10;
/// Where they are many, each of them buffers less,
const UNSENT_BYTES_MIN: u32 = 32 << 10;
/// so that all of them buffer little more than this. The system has a limit of its own for all sockets,
/// which is some gigabytes; beyond it, it sends nothing on any connection, and resets some.
const ALL_UNSENT_BYTES: usize = 256 << 20;

/// A new connection with its socket options; an error where the client has already closed it.
///
/// `connection_count`: how many connections there are.
pub(super) fn set(stream: TcpStream, connection_count: usize) -> io::Result<std::net::TcpStream> {
    stream.set_nodelay(true)?;
    if let Err(error) = limit_unsent_bytes(&stream, unsent_bytes_max(connection_count)) {
        // Not every system has this limit, and the server works without it.
        tracing::debug!(%error, "cannot limit the unsent bytes of a socket");
    }
    stream.into_std()
}

/// Unsent bytes that the last of so many connections may buffer.
fn unsent_bytes_max(connection_count: usize) -> u32 {
    let share = u32::try_from(ALL_UNSENT_BYTES / connection_count.max(1));
    share.unwrap_or(UNSENT_BYTES_MAX).clamp(UNSENT_BYTES_MIN, UNSENT_BYTES_MAX)
}

/// Lets the socket buffer at most so many unsent bytes.
#[cfg(target_os = "linux")]
fn limit_unsent_bytes(stream: &TcpStream, bytes: u32) -> io::Result<()> {
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(bytes)
}

#[cfg(not(target_os = "linux"))]
fn limit_unsent_bytes(_: &TcpStream, _: u32) -> io::Result<()> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sockets_of_many_connections_buffer_less_each() {
        assert_eq!(unsent_bytes_max(1), UNSENT_BYTES_MAX);
        assert_eq!(unsent_bytes_max(1_000), UNSENT_BYTES_MAX);
        assert_eq!(unsent_bytes_max(100_000), UNSENT_BYTES_MIN);
        let all: usize = (1..=5_000).map(|count| unsent_bytes_max(count) as usize).sum();
        assert!(all < 3 * ALL_UNSENT_BYTES, "{all}");
    }
}
