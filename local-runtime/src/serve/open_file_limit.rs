//! The limit of open files of this process, which is raised as far as the system lets it.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Files besides those of connections: databases, cached objects, the object store's connections.
const OTHER_FILES: u64 = 256;
/// Files of one connection: its socket, and the film that it reads or the socket to an upstream.
const FILES_PER_CONNECTION: u64 = 2;

/// How many of `wanted` connections the limit of open files allows, after it was raised. Logs a
/// limit that is too low.
pub(super) fn connections(wanted: usize) -> usize {
    let limit = raised();
    let allowed = allowed(limit, wanted);
    if allowed < wanted {
        let needed = needed(wanted);
        tracing::warn!(
            "connections_max is {wanted}, but this process may open {limit} files: it takes \
             {allowed} connections; raise the limit to {needed} by `ulimit -n {needed}`, or by \
             LimitNOFILE={needed} of its systemd unit"
        );
    }
    allowed
}

/// The soft limit, raised to the hard one.
fn raised() -> u64 {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    if current != maximum
        && let Err(error) = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum })
    {
        tracing::debug!(%error, "cannot raise the limit of open files");
    }
    // No limit is as good as the largest one.
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX)
}

fn needed(connections: usize) -> u64 {
    (connections as u64).saturating_mul(FILES_PER_CONNECTION).saturating_add(OTHER_FILES)
}

fn allowed(limit: u64, wanted: usize) -> usize {
    // With less than the files of everything else, a few connections are better than none.
    let room = (limit.saturating_sub(OTHER_FILES) / FILES_PER_CONNECTION).max(16);
    usize::try_from(room).unwrap_or(usize::MAX).min(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limit_of_open_files_limits_connections() {
        assert_eq!(allowed(u64::MAX, 1024), 1024);
        assert_eq!(allowed(needed(1024), 1024), 1024);
        assert_eq!(allowed(needed(1024) - 2, 1024), 1023);
        assert_eq!(allowed(1024, 1024), 384);
        assert_eq!(allowed(10, 1024), 16);
    }

    #[test]
    fn limit_of_open_files_is_raised_to_the_hard_one() {
        let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
        assert_eq!(raised(), maximum.unwrap_or(u64::MAX));
    }
}
