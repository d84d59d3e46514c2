//! Reads a whole body within limits: its size, its time, and the memory for all bodies.

use std::future::poll_fn;
use std::pin::Pin;

use hyper::body::{Body, Incoming};

use super::room::Share;
use super::{BODY_LIMIT, CLIENT_TIMEOUT};

/// What a body has room for at first: a notice of a few events.
const FIRST: usize = 4 << 10;

/// A body, and its share of the memory that bodies may use.
pub(super) struct Whole {
    pub bytes: Vec<u8>,
    _share: Share,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    TooLarge,
    TooSlow,
    /// Other bodies use all the memory available for them.
    NoRoom,
    /// The client went away in the middle, or did not send valid HTTP.
    Broken,
}

pub(super) async fn read(mut body: Incoming, share: Share) -> Result<Whole, Cut> {
    let announced = body.size_hint();
    if announced.lower() > BODY_LIMIT as u64 {
        return Err(Cut::TooLarge);
    }
    let most = announced.exact().and_then(|size| usize::try_from(size).ok()).unwrap_or(BODY_LIMIT);
    let reading = async {
        let mut whole = Vec::new();
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            // Trailers are ignored.
            let Ok(data) = frame.map_err(|_| Cut::Broken)?.into_data() else { continue };
            let needed = whole.len() + data.len();
            if needed > BODY_LIMIT {
                return Err(Cut::TooLarge);
            }
            // Memory is taken as bytes arrive: announcing a large body must not block others.
            if needed > whole.capacity() {
                let capacity = needed.max(most.min(FIRST.max(2 * whole.capacity())));
                if !share.grow(capacity - whole.capacity()).await {
                    return Err(Cut::NoRoom);
                }
                whole.reserve_exact(capacity - whole.len());
            }
            whole.extend_from_slice(&data);
        }
        Ok(whole)
    };
    let read = tokio::select! {
        read = tokio::time::timeout(CLIENT_TIMEOUT, reading) => read.unwrap_or(Err(Cut::TooSlow)),
        () = share.is_cut() => Err(Cut::NoRoom),
    };
    Ok(Whole { bytes: read?, _share: share })
}
