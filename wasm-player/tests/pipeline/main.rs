//! The pipeline, played against a test server and test buffers: inputs in, effects out.

#[cfg(test)]
mod buffering;
#[cfg(test)]
mod ends;
#[cfg(test)]
mod faults;
mod fragmented;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod headers;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod quota;
#[cfg(test)]
mod seeking;
