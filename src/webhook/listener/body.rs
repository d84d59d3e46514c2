//! Reads a whole body within limits: its size, its time, and the total size of all bodies.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{BODY_LIMIT, CLIENT_TIMEOUT};

/// A body, and its share of the memory that bodies may use.
pub(super) struct Whole {
    pub bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
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

pub(super) async fn read(mut body: Incoming, room: &Arc<Semaphore>) -> Result<Whole, Cut> {
    let announced = body.size_hint().lower();
    if announced > BODY_LIMIT as u64 {
        return Err(Cut::TooLarge);
    }
    let reading = async {
        let mut whole = BytesMut::with_capacity((announced as usize).min(64 << 10));
        let mut held: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            // Trailers are ignored.
            let Ok(data) = frame.map_err(|_| Cut::Broken)?.into_data() else { continue };
            if whole.len() + data.len() > BODY_LIMIT {
                return Err(Cut::TooLarge);
            }
            // Memory is reserved as bytes arrive: announcing a large body must not block others.
            let size = u32::try_from(data.len()).map_err(|_| Cut::TooLarge)?;
            let more = Arc::clone(room).try_acquire_many_owned(size).map_err(|_| Cut::NoRoom)?;
            match &mut held {
                Some(held) => held.merge(more),
                None => held = Some(more),
            }
            whole.extend_from_slice(&data);
        }
        Ok(Whole { bytes: whole.freeze(), _room: held })
    };
    tokio::time::timeout(CLIENT_TIMEOUT, reading).await.unwrap_or(Err(Cut::TooSlow))
}
