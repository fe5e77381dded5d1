//! `firstframe publish` against `firstframe serve`, both as they are run.

#[cfg(test)]
mod films;
#[cfg(test)]
mod fixture;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod large;
#[cfg(test)]
mod ready;
