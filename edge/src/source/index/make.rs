//! Makes what is stored of a film for its starts, from its `moov`: once for all who wait, one film
//! at a time, and nothing in memory but `moov` and one pack.

use std::rc::Rc;

use api::{
    limits::VALUE_BYTES_MAX,
    paths::{INDEX_ROOT, index_key},
};
use mp4::{
    Index,
    start_index::{Builder, Root},
};

use super::{
    moov::{self, Moov},
    pieces,
};
use crate::{
    error::Error,
    platform::{Clock, Platform},
    rules::patience::READ_MS_MAX,
    source::{
        places::LOOK_MS,
        record::{Film, Hand},
    },
};

/// The root of a film, made unless somebody else just did. One of the reasons why there is nothing
/// else is stored as such: it is not tried again.
pub(crate) async fn made<P: Platform>(platform: &P, id: &str) -> Result<Rc<[u8]>, Error> {
    made_of(platform, id, None, &Hand::default()).await
}

/// The same of a film elsewhere that is known, with some of its bytes in hand.
pub(crate) async fn made_of<P: Platform>(
    platform: &P,
    id: &str,
    film: Option<&Film>,
    hand: &Hand,
) -> Result<Rc<[u8]>, Error> {
    let (media, clock) = (&platform.instance().media, platform.clock());
    let deadline_ms = clock.now_ms() + READ_MS_MAX;
    loop {
        if let Some(root) = media.piece(&index_key(id, INDEX_ROOT)) {
            return Ok(root);
        }
        if let Some(_flight) = media.claim("index".to_owned()) {
            return make(platform, id, film, hand).await;
        }
        if clock.now_ms() >= deadline_ms {
            let why = "what is made of other films takes too long".to_owned();
            return Err(Error::UpstreamBusy(LOOK_MS, why));
        }
        clock.sleep(LOOK_MS).await;
    }
}

async fn make<P: Platform>(
    platform: &P,
    id: &str,
    film: Option<&Film>,
    hand: &Hand,
) -> Result<Rc<[u8]>, Error> {
    let root = match moov::read(platform, id, film, hand).await? {
        Ok(moov) => match stored(platform, id, &moov).await? {
            // With its hash it is one value of a store.
            Ok(root) if root.len() + 64 <= VALUE_BYTES_MAX => root,
            Ok(_) => Root::Refused("what is told of its tracks is too much").write(),
            Err(why) => Root::Refused(&why.to_string()).write(),
        },
        Err(why) => Root::Refused(&why).write(),
    };
    pieces::put_root(platform, id, root).await
}

/// The packs one after the other, and then what names them; or what is odd about the film.
async fn stored<P: Platform>(
    platform: &P,
    id: &str,
    moov: &Moov<'_>,
) -> Result<Result<Vec<u8>, mp4::Error>, Error> {
    let index = match Index::parse(&*moov.bytes) {
        Ok(index) => index,
        Err(why) => return Ok(Err(why)),
    };
    let mut builder = match Builder::new(&index) {
        Ok(builder) => builder,
        Err(why) => return Ok(Err(why)),
    };
    let mut names = Vec::new();
    loop {
        match builder.next_pack() {
            Ok(Some(pack)) => {
                names.push(pieces::put_pack(platform, id, names.len(), &pack).await?);
            }
            Ok(None) => break,
            Err(why) => return Ok(Err(why)),
        }
    }
    let names = names.iter().map(String::as_str).collect();
    let size_bytes = moov.size_bytes;
    Ok(builder.head().map(|head| Root::Stored { size_bytes, names, head: &head }.write()))
}
