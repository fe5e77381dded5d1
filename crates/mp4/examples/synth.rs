//! Writes a synthetic long film, which repeats a short clip: `synth CLIP REPEATS head|tail OUT`.

use std::error::Error;
use std::fs::{self, File};
use std::io::{BufWriter, Write};

use mp4::synth::{self, MoovAt};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, clip, repeats, place, out] = arguments.as_slice() else {
        return Err("usage: synth CLIP REPEATS head|tail OUT".into());
    };
    let moov_at = match place.as_str() {
        "head" => MoovAt::Head,
        "tail" => MoovAt::Tail,
        _ => return Err("moov is at the head or at the tail".into()),
    };
    let clip = fs::read(clip)?;
    let film = synth::repeat_clip_wide(&clip, repeats.parse()?, moov_at)?;
    let media = usize::try_from(film.media.start)?..usize::try_from(film.media.end)?;
    let media = clip.get(media).ok_or("clip is cut off")?;
    let mut out = BufWriter::new(File::create(out)?);
    out.write_all(&film.head)?;
    for _ in 0..film.repeats {
        out.write_all(media)?;
    }
    out.write_all(&film.tail)?;
    Ok(out.flush()?)
}
