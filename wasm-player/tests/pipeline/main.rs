//! The pipeline, played against a server and two buffers: inputs in, effects out.

#[cfg(test)]
mod faults;
mod fragmented;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod playing;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod seeking;
#[cfg(test)]
mod source_buffer;
#[cfg(test)]
mod start;
#[cfg(test)]
mod synthetic_film;
