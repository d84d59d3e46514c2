//! Reads a body whole, within limits: its size, its time, and what all bodies hold together.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use hyper::body::{Body, Incoming};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{BODY_LIMIT, PATIENCE};

/// A body, and its share of the memory that bodies may take.
pub(super) struct Whole {
    pub bytes: Bytes,
    _room: Option<OwnedSemaphorePermit>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Cut {
    TooLarge,
    TooSlow,
    /// Other bodies hold all the memory there is for them.
    NoRoom,
    /// The client went away in the middle, or speaks no HTTP.
    Broken,
}

pub(super) async fn read(mut body: Incoming, room: &Arc<Semaphore>) -> Result<Whole, Cut> {
    let told = body.size_hint().lower();
    if told > BODY_LIMIT as u64 {
        return Err(Cut::TooLarge);
    }
    let reading = async {
        let mut whole = BytesMut::with_capacity((told as usize).min(64 << 10));
        let mut held: Option<OwnedSemaphorePermit> = None;
        while let Some(frame) = poll_fn(|cx| Pin::new(&mut body).poll_frame(cx)).await {
            // Trailers are of no use.
            let Ok(data) = frame.map_err(|_| Cut::Broken)?.into_data() else { continue };
            if whole.len() + data.len() > BODY_LIMIT {
                return Err(Cut::TooLarge);
            }
            // Memory is taken as bytes come: a promise of bytes must not keep others out.
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
    tokio::time::timeout(PATIENCE, reading).await.unwrap_or(Err(Cut::TooSlow))
}
