//! Binding of the inbox: one release of the interpreter lock around each wait, take and settlement; one
//! conversion per batch.

use super::batch::{Batch, PositionTuple, Rejected, Settled};
use crate::error::raise;
use cctelegram_spool::inbox;
use cctelegram_spool::watch::Woken;
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

/// The events directory.
#[pyclass(frozen, module = "cctelegram._native")]
pub struct Inbox {
    inbox: inbox::Inbox,
}

#[pymethods]
impl Inbox {
    #[new]
    #[pyo3(signature = (events_dir, rejected_dir, *, max_event_bytes=1 << 20, batch_events=512,
        batch_bytes=4 << 20, threads=2, quiet_seconds=2.0, unfinished_seconds=30.0, finish_seconds=10.0, positions=vec![]))]
    #[allow(clippy::too_many_arguments)] // keywords on the Python side
    fn new(
        py: Python<'_>,
        events_dir: PathBuf,
        rejected_dir: PathBuf,
        max_event_bytes: u64,
        batch_events: usize,
        batch_bytes: u64,
        threads: usize,
        quiet_seconds: f64,
        unfinished_seconds: f64,
        finish_seconds: f64,
        positions: Vec<PositionTuple>,
    ) -> PyResult<Self> {
        check(max_event_bytes, batch_events, batch_bytes)?;
        let positions = positions
            .into_iter()
            .map(|(name, device, inode, offset, head_hash)| inbox::Position {
                name,
                device,
                inode,
                offset,
                head_hash,
            })
            .collect();
        let options = inbox::Options {
            max_event_bytes,
            batch_events,
            batch_bytes,
            threads,
            quiet_seconds,
            unfinished_seconds,
            finish_seconds,
            positions,
        };
        Ok(Self {
            inbox: py.detach(|| inbox::Inbox::new(events_dir, rejected_dir, options)),
        })
    }

    #[pyo3(signature = (*, max_event_bytes, batch_events, batch_bytes, quiet_seconds, unfinished_seconds))]
    fn set_bounds(
        &self,
        py: Python<'_>,
        max_event_bytes: u64,
        batch_events: usize,
        batch_bytes: u64,
        quiet_seconds: f64,
        unfinished_seconds: f64,
    ) -> PyResult<()> {
        check(max_event_bytes, batch_events, batch_bytes)?;
        let bounds = inbox::Bounds {
            max_event_bytes,
            batch_events,
            batch_bytes,
            quiet_seconds,
            unfinished_seconds,
        };
        py.detach(|| self.inbox.set_bounds(bounds)); // a take in another thread may hold its lock for a while
        Ok(())
    }

    fn wait(&self, py: Python<'_>, timeout: f64) -> PyResult<&'static str> {
        let timeout = Duration::try_from_secs_f64(timeout.max(0.0)).unwrap_or(Duration::MAX);
        let mut signal = None;
        let woken = py.detach(|| {
            self.inbox.wait(timeout, || {
                signal = Python::attach(|py| py.check_signals().err());
                signal.is_some()
            })
        });
        match (signal, woken) {
            (Some(error), _) => Err(error),
            (None, Woken::Changed) => Ok("changed"),
            (None, Woken::Overflow) => Ok("overflow"),
            (None, Woken::Closed) => Ok("closed"),
            (None, Woken::Timeout | Woken::Interrupted) => Ok("timeout"),
        }
    }

    fn wake(&self) {
        self.inbox.wake();
    }

    fn close(&self) {
        self.inbox.close();
    }

    fn due(&self, py: Python<'_>, now: f64) -> Option<f64> {
        py.detach(|| self.inbox.due(now)) // a take in another thread may hold its lock for a while
    }

    fn take(&self, py: Python<'_>, now: f64) -> PyResult<Batch> {
        py.detach(|| self.inbox.take(now))
            .map(Batch::from)
            .map_err(raise)
    }

    fn settle(&self, py: Python<'_>, batch: &Batch, now: f64) -> PyResult<Settled> {
        py.detach(|| self.inbox.settle(&batch.taken, now))
            .map(Settled::from)
            .map_err(raise)
    }

    fn reject(
        &self,
        py: Python<'_>,
        batch: &Batch,
        failed: HashMap<[u8; 16], String>,
    ) -> PyResult<Vec<Rejected>> {
        let rejected = py
            .detach(|| self.inbox.reject(&batch.taken, &failed))
            .map_err(raise)?;
        Ok(rejected.iter().map(Rejected::from).collect())
    }

    fn release(&self, py: Python<'_>, batch: &Batch) {
        py.detach(|| self.inbox.release(&batch.taken));
    }

    #[getter]
    fn watching(&self, py: Python<'_>) -> bool {
        py.detach(|| self.inbox.trouble()).is_none()
    }

    #[getter]
    fn trouble(&self, py: Python<'_>) -> Option<String> {
        py.detach(|| self.inbox.trouble())
    }

    #[getter]
    fn patience(&self, py: Python<'_>) -> f64 {
        py.detach(|| self.inbox.patience())
    }
}

fn check(max_event_bytes: u64, batch_events: usize, batch_bytes: u64) -> PyResult<()> {
    if max_event_bytes == 0 || max_event_bytes > 1 << 30 || batch_events == 0 || batch_bytes == 0 {
        return Err(PyValueError::new_err(
            "max_event_bytes must be 1 byte to 1 GiB, batch_events and batch_bytes at least 1",
        ));
    }
    Ok(())
}

/// Add this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Inbox>()
}
