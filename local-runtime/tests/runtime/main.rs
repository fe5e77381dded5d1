//! `firstframe serve` as a process: its object store, its limits, its start and its ends.

#[cfg(test)]
mod cache;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod limits;
#[cfg(test)]
mod s3;
#[cfg(test)]
mod serve;
#[cfg(test)]
mod server;
