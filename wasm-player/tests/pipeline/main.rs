//! The pipeline, played against a server and two buffers: inputs in, effects out.

#[cfg(test)]
mod buffers;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod film;
mod fragmented;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod playing;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod seeking;
#[cfg(test)]
mod start;
#[cfg(test)]
mod theatre;
