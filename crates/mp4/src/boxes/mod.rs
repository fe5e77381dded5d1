//! Boxes: a walk over them, their big-endian numbers, and a file for each box that is parsed.

pub(crate) mod avcc;
pub(crate) mod bits;
pub(crate) mod ctts;
pub(crate) mod elst;
pub(crate) mod esds;
pub(crate) mod header;
pub(crate) mod hvcc;
pub(crate) mod ilst;
pub(crate) mod mdhd;
pub(crate) mod mehd;
pub(crate) mod mvhd;
pub(crate) mod runs;
pub(crate) mod sgpd;
pub(crate) mod sidx;
pub(crate) mod stco;
pub(crate) mod stsc;
pub(crate) mod stss;
pub(crate) mod stsz;
pub(crate) mod stts;
pub(crate) mod tfdt;
pub(crate) mod tfhd;
pub(crate) mod tfra;
pub(crate) mod tref;
pub(crate) mod trex;
pub(crate) mod trun;
pub(crate) mod walk;
pub mod write;

pub(crate) use walk::{BoxAt, Of, Table, be16, be32, be64, boxes, find, number};
