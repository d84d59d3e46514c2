//! Ctrl-C, SIGTERM and SIGHUP, as a level that work can watch.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::error::{Error, Exit, Result};

/// How urgently somebody asked to stop.
#[derive(Clone)]
pub struct Signals {
    level: watch::Receiver<u8>,
    terminated: Arc<AtomicBool>,
}

impl Signals {
    /// Listens from now on; the first signal stops gracefully, the second immediately.
    pub fn listen() -> Result<Self> {
        let failed = |error: std::io::Error| Error::internal("can't listen to signals").because(&error);
        let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
        let mut hang_up = signal(SignalKind::hangup()).map_err(failed)?;
        let (say, level) = watch::channel(0);
        let terminated = Arc::new(AtomicBool::new(false));
        let told = Arc::clone(&terminated);
        tokio::spawn(async move {
            loop {
                let by_system = tokio::select! {
                    _ = interrupt.recv() => false,
                    _ = terminate.recv() => true,
                    _ = hang_up.recv() => true,
                };
                told.fetch_or(by_system, Ordering::Relaxed);
                say.send_modify(|level| *level = u8::saturating_add(*level, 1));
            }
        });
        Ok(Self { level, terminated })
    }

    /// 0: continue; 1: stop gracefully; 2: stop now.
    pub fn level(&self) -> watch::Receiver<u8> {
        self.level.clone()
    }

    pub fn is_stopping(&self) -> bool {
        *self.level.borrow() > 0
    }

    /// 130 or 143.
    pub fn exit(&self) -> Exit {
        if self.terminated.load(Ordering::Relaxed) { Exit::Terminated } else { Exit::Interrupted }
    }

    /// Ends when somebody asks to stop.
    pub async fn stopped(&self) {
        let mut level = self.level.clone();
        // A sender that is gone never sends a signal.
        if level.wait_for(|level| *level > 0).await.is_err() {
            std::future::pending::<()>().await;
        }
    }

    /// Work that blocks, on a thread of its own; `None` when somebody asked to stop before it ended. It should look at
    /// [`Signals::is_stopping`] itself where it can.
    pub async fn blocking<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> Result<T> {
        let task = tokio::task::spawn_blocking(work);
        task.await.map_err(|error| Error::internal("a worker thread failed").because(&error))
    }

    /// As [`Signals::blocking`], for work that can't be stopped from inside, such as reading stdin.
    pub async fn blocking_or_stopped<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T> + Send + 'static,
        interrupted: &str,
    ) -> Result<T> {
        tokio::select! {
            done = self.blocking(work) => done?,
            () = self.stopped() => Err(Error::new(self.exit(), interrupted)),
        }
    }
}
