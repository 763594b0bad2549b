//! Atomic writes and locks.

use crate::error::raise;
use cctelegram_spool::{deliver as spool, lock};
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

#[pyfunction]
#[pyo3(signature = (events_dir, data, name=None))]
fn deliver(
    py: Python<'_>,
    events_dir: PathBuf,
    data: &[u8],
    name: Option<&str>,
) -> PyResult<String> {
    py.detach(|| spool::deliver(&events_dir, data, name))
        .map_err(raise)
}

#[pyfunction]
fn is_locked(py: Python<'_>, path: PathBuf) -> PyResult<bool> {
    py.detach(|| lock::is_locked(&path)).map_err(raise)
}

/// A lock of the operating system.
#[pyclass(frozen, module = "cctelegram._native")]
pub struct FileLock {
    // The lock remains valid after a panic: its state is that of the file.
    lock: Mutex<lock::FileLock>,
}

#[pymethods]
impl FileLock {
    #[new]
    fn new(path: PathBuf) -> Self {
        Self {
            lock: Mutex::new(lock::FileLock::new(path)),
        }
    }

    fn try_lock(&self, py: Python<'_>) -> PyResult<bool> {
        py.detach(|| {
            self.lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .try_lock()
        })
        .map_err(raise)
    }

    fn unlock(&self) {
        self.lock
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .unlock();
    }

    fn remove(&self, py: Python<'_>) -> PyResult<()> {
        py.detach(|| {
            self.lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove()
        })
        .map_err(raise)
    }

    fn write(&self, py: Python<'_>, data: &[u8]) -> PyResult<()> {
        py.detach(|| {
            self.lock
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .write(data)
        })
        .map_err(raise)
    }
}

/// Add this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(deliver, module)?)?;
    module.add_function(wrap_pyfunction!(is_locked, module)?)?;
    module.add_class::<FileLock>()
}
