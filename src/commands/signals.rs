//! Ctrl-C, SIGTERM and SIGHUP, as a level that work can watch.

use tokio::sync::watch;

use crate::error::{Error, Exit, Result};
use crate::ui::Ui;
use crate::ui::stops::Stops;

/// How urgently somebody asked to stop.
#[derive(Clone)]
pub struct Signals(Stops);

impl Signals {
    /// Listens from now on; the first signal stops gracefully, the second immediately.
    pub fn listen(ui: &Ui) -> Result<Self> {
        ui.stops().handle()?;
        Ok(Self(ui.stops().clone()))
    }

    /// 0: continue; 1: stop gracefully; 2: stop now.
    pub fn level(&self) -> watch::Receiver<u8> {
        self.0.level()
    }

    pub fn is_stopping(&self) -> bool {
        self.0.is_stopping()
    }

    /// 130 or 143.
    pub fn exit(&self) -> Exit {
        self.0.exit()
    }

    /// Ends when somebody asks to stop.
    pub async fn stopped(&self) {
        let mut level = self.level();
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
