//! Finds the boxes of a `trak`, and parses its sample tables.

use super::track::note;
use crate::boxes::stco::Stco;
use crate::boxes::stsc::Stsc;
use crate::boxes::stss::Stss;
use crate::boxes::stsz::Stsz;
use crate::boxes::{BoxAt, be32, boxes, ctts, sgpd, stts};
use crate::error::{Error, Result};
use crate::samples::cenc::{AuxInfoTable, is_common};
use crate::samples::tables::Tables;

/// The boxes of a `trak` that are read, each the first of its type.
#[derive(Debug, Default)]
pub(crate) struct TrackBoxes {
    pub(crate) start: usize,
    pub(crate) tkhd: Option<BoxAt>,
    pub(crate) elst: Option<BoxAt>,
    pub(crate) mdhd: Option<BoxAt>,
    pub(crate) hdlr: Option<BoxAt>,
    pub(crate) stsd: Option<BoxAt>,
    pub(crate) udta: Option<BoxAt>,
    roll: Option<BoxAt>,
    /// References to other tracks.
    pub(crate) tref: Option<BoxAt>,
    senc: Option<BoxAt>,
    saiz: Option<BoxAt>,
    saio: Option<BoxAt>,
    /// Whether encryption keys change within the track.
    pub(crate) rekeyed: bool,
    stts: Option<BoxAt>,
    ctts: Option<BoxAt>,
    stsc: Option<BoxAt>,
    stsz: Option<BoxAt>,
    stco: Option<BoxAt>,
    stss: Option<BoxAt>,
}

/// A box by its depth, as `INSIDE` numbers it, and its type.
type BoxPlace = (u32, [u8; 4]);

/// Container boxes, their path, and the depth of their children. Tables are less code in the player than
/// a `match`, which compares byte by byte.
static INSIDE: &[(BoxPlace, &str, u32)] = &[
    ((0, *b"edts"), "edts", 1),
    ((0, *b"mdia"), "mdia", 2),
    ((2, *b"minf"), "mdia/minf", 3),
    ((3, *b"stbl"), "mdia/minf/stbl", 4),
];

type Slot = fn(&mut TrackBoxes) -> &mut Option<BoxAt>;

/// Boxes that are read, and the fields for them.
static SLOTS: &[(BoxPlace, Slot)] = &[
    ((0, *b"tkhd"), |trak| &mut trak.tkhd),
    ((0, *b"udta"), |trak| &mut trak.udta),
    ((0, *b"tref"), |trak| &mut trak.tref),
    ((0, *b"senc"), |trak| &mut trak.senc),
    ((1, *b"elst"), |trak| &mut trak.elst),
    ((2, *b"mdhd"), |trak| &mut trak.mdhd),
    ((2, *b"hdlr"), |trak| &mut trak.hdlr),
    ((4, *b"senc"), |trak| &mut trak.senc),
    ((4, *b"saiz"), |trak| &mut trak.saiz),
    ((4, *b"saio"), |trak| &mut trak.saio),
    ((4, *b"sgpd"), |trak| &mut trak.roll),
    ((4, *b"stsd"), |trak| &mut trak.stsd),
    ((4, *b"stts"), |trak| &mut trak.stts),
    ((4, *b"ctts"), |trak| &mut trak.ctts),
    ((4, *b"stsc"), |trak| &mut trak.stsc),
    ((4, *b"stsz"), |trak| &mut trak.stsz),
    ((4, *b"stz2"), |trak| &mut trak.stsz),
    ((4, *b"stco"), |trak| &mut trak.stco),
    ((4, *b"co64"), |trak| &mut trak.stco),
    ((4, *b"stss"), |trak| &mut trak.stss),
];

impl TrackBoxes {
    pub(crate) fn find(data: &[u8], trak: BoxAt) -> Result<Self> {
        let mut found = Self { start: trak.start, ..Self::default() };
        found.enter(data, trak, "trak", 0)?;
        Ok(found)
    }

    fn enter(&mut self, data: &[u8], b: BoxAt, path: &'static str, depth: u32) -> Result<()> {
        for child in boxes(data, b.body, b.end, path) {
            let child = child?;
            let place = (depth, child.kind);
            if let Some((_, path, depth)) = INSIDE.iter().find(|inside| inside.0 == place) {
                self.enter(data, child, path, *depth)?;
            } else if let Some((_, slot)) = SLOTS.iter().find(|slot| slot.0 == place)
                && self.wants(data, child)
            {
                slot(self).get_or_insert(child);
            }
        }
        Ok(())
    }

    /// Whether a box is the one of its type that is read.
    fn wants(&mut self, data: &[u8], b: BoxAt) -> bool {
        if &b.kind == b"sgpd" {
            self.rekeyed |= sgpd::is_rekeying(data, b);
            return sgpd::is_roll(data, b);
        }
        ![*b"saiz", *b"saio"].contains(&b.kind) || is_cenc(data, b)
    }

    pub(crate) fn sample_count(&self, data: &[u8]) -> u32 {
        self.stsz.and_then(|b| Stsz::parse(data, b).ok()).map_or(0, |stsz| stsz.count())
    }

    /// Samples that a decoder needs in front of the first one that is heard.
    pub(crate) fn roll(&self, data: &[u8]) -> u32 {
        // AAC has no box for it: a frame's output overlaps with that of the one before it.
        self.roll.and_then(|b| sgpd::roll(data, b)).unwrap_or(1)
    }

    /// The auxiliary information of encrypted samples.
    pub(crate) fn aux(&self, data: &[u8], iv_bytes: u8) -> Result<Option<AuxInfoTable>> {
        AuxInfoTable::parse(data, self.senc, self.saiz.zip(self.saio), iv_bytes)
    }

    /// The sample tables, each checked once; a fragmented track may lack them.
    #[expect(clippy::similar_names, reason = "boxes are called by their FourCC")]
    pub(crate) fn tables(
        &self,
        data: &[u8],
        fragmented: bool,
        notes: &mut Vec<&'static str>,
    ) -> Result<Tables> {
        if fragmented && (self.stts.is_none() || self.stsz.is_none() || self.stco.is_none()) {
            return Ok(Tables::default());
        }
        let needed = (self.stts, self.stsz, self.stco, self.stsc);
        let (Some(stts), Some(stsz), Some(stco), Some(stsc)) = needed else {
            let violation = match needed {
                (None, ..) => "track has no stts box; § 8.6.1.2",
                (_, None, ..) => "track has no stsz box; § 8.7.3",
                (_, _, None, _) => "track has no stco or co64 box; § 8.7.5",
                _ => "track has no stsc box; § 8.7.4",
            };
            return Err(Error::moov("mdia/minf/stbl", self.start, violation));
        };
        let stts = stts::parse(data, stts)?;
        let mut stsz = Stsz::parse(data, stsz)?;
        let stco = Stco::parse(data, stco)?;
        let stsc = Stsc::parse(data, stsc, stco.count())?;
        stsz.mark(data, stsc.longest());
        let ctts = self.ctts.map(|b| ctts::parse(data, b)).transpose()?;
        let stss = self.stss.map(|b| Stss::parse(data, b)).transpose()?;
        // Tables of different lengths: only samples that all of them describe are there.
        let count = stts.samples().min(stsz.count()).min(stsc.samples());
        if count < stts.samples().max(stsz.count()) {
            note(notes, "its sample tables differ in length: the shortest one counts");
        }
        if ctts.as_ref().is_some_and(|ctts| ctts.samples() < count) {
            note(notes, "it has fewer composition offsets than samples");
        }
        Ok(Tables { stts, ctts, stsc, stsz, stco, stss, count, undeclared: 0 })
    }
}

/// Whether `saiz` or `saio` are about encryption: by their type, or without one (§ 8.7.8.3).
fn is_cenc(data: &[u8], b: BoxAt) -> bool {
    let content = b.content(data);
    let typed = be32(content, 0).is_some_and(|flags| flags & 1 == 1);
    !typed || content.get(4..8).is_some_and(is_common)
}
