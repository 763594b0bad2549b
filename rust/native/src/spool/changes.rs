//! The watch on the directories of the settings.

use crate::error::raise;
use cctelegram_spool::changes;
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// A watch on directories; documented in `_native.pyi`.
#[pyclass(frozen, module = "cctelegram._native")]
struct Changes {
    watch: Mutex<Option<changes::Changes>>,
}

#[pymethods]
impl Changes {
    #[new]
    fn new(py: Python<'_>, directories: Vec<PathBuf>, on_change: Py<PyAny>) -> PyResult<Self> {
        let report = move |path: Option<&std::path::Path>| {
            let name = path
                .and_then(std::path::Path::file_name)
                .map(std::ffi::OsStr::to_owned);
            // Nothing is reported to an interpreter that ends.
            Python::try_attach(|py| {
                if let Err(error) = on_change.call1(py, (name,)) {
                    error.write_unraisable(py, None);
                }
            });
        };
        let watch = py
            .detach(|| changes::Changes::new(&directories, report))
            .map_err(raise)?;
        Ok(Self {
            watch: Mutex::new(Some(watch)),
        })
    }

    fn close(&self, py: Python<'_>) {
        // The thread of the watch may be waiting for the interpreter.
        py.detach(|| {
            let watch = self
                .watch
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            drop(watch);
        });
    }
}

/// Add this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Changes>()
}
