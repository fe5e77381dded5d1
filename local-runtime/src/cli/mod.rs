//! The verbs of the command line: flags and variables in, a call of `publisher` out; and the demo
//! library.

pub(crate) mod account;
pub(crate) mod backup;
pub(crate) mod demo;
mod deployment;
pub(crate) mod hash_password;
pub(crate) mod ingest;
mod password;
pub(crate) mod prewarm;
pub(crate) mod publish;
pub(crate) mod purge;
pub(crate) mod remove;

/// Exit status where some of what a verb was to do failed; 2 is that of clap.
const SOME_FAILED: u8 = 3;

fn exit_code(all_done: bool) -> std::process::ExitCode {
    std::process::ExitCode::from(if all_done { 0 } else { SOME_FAILED })
}
