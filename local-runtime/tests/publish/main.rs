//! The command line of `firstframe` against `firstframe serve`, each as a process.

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod interrupted_upload;
#[cfg(test)]
mod large_film;
#[cfg(test)]
mod library_changes;
#[cfg(test)]
mod lost_database;
#[cfg(test)]
mod prewarm_and_purge;
#[cfg(test)]
mod publish_command;
