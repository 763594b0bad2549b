//! Binding of the answers.

use crate::error::raise;
use cctelegram_spool::{answer_waiter, answers};
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use std::path::PathBuf;
use std::time::Duration;

/// An answer file as listed.
#[pyclass(frozen, get_all, module = "cctelegram._native")]
pub struct AnswerFile {
    name: String,
    size: u64,
    mtime_ns: i64,
}

#[pymethods]
impl AnswerFile {
    fn __repr__(&self) -> String {
        format!("AnswerFile({:?}, {})", self.name, self.size)
    }
}

type Answers<'py> = Vec<(String, Bound<'py, PyBytes>)>;

#[pyfunction]
fn answer_name(event_id: Option<&str>, at_us: i64, token: u64) -> String {
    #[allow(clippy::cast_possible_truncation)] // eight hex digits of it are shown
    answers::answer_name(event_id, at_us, token as u32)
}

#[pyfunction]
fn deliver_answer(py: Python<'_>, responses_dir: PathBuf, name: &str, data: &[u8]) -> PyResult<()> {
    py.detach(|| answers::deliver_answer(&responses_dir, name, data))
        .map_err(raise)
}

#[pyfunction]
#[pyo3(signature = (responses_dir, limit=None, newest_first=true))]
fn list_answers(
    py: Python<'_>,
    responses_dir: PathBuf,
    limit: Option<usize>,
    newest_first: bool,
) -> PyResult<Vec<AnswerFile>> {
    let listed = py
        .detach(|| answers::list_answers(&responses_dir, limit, newest_first))
        .map_err(raise)?;
    let file = |file: answers::AnswerFile| AnswerFile {
        name: file.name,
        size: file.size,
        mtime_ns: file.mtime_ns,
    };
    Ok(listed.into_iter().map(file).collect())
}

#[pyfunction]
fn read_answers(
    py: Python<'_>,
    responses_dir: PathBuf,
    names: Vec<String>,
) -> PyResult<Answers<'_>> {
    let read = py
        .detach(|| answers::read_answers(&responses_dir, &names))
        .map_err(raise)?;
    Ok(pairs(py, read))
}

#[pyfunction]
fn take_answers(
    py: Python<'_>,
    responses_dir: PathBuf,
    names: Vec<String>,
) -> PyResult<Answers<'_>> {
    let taken = py
        .detach(|| answers::take_answers(&responses_dir, &names))
        .map_err(raise)?;
    Ok(pairs(py, taken))
}

fn pairs(py: Python<'_>, answers: Vec<(String, Vec<u8>)>) -> Answers<'_> {
    answers
        .into_iter()
        .map(|(name, data)| (name, PyBytes::new(py, &data)))
        .collect()
}

/// Waits for the answer to one event.
#[pyclass(frozen, module = "cctelegram._native")]
pub struct AnswerWaiter {
    waiter: answer_waiter::AnswerWaiter,
}

#[pymethods]
impl AnswerWaiter {
    #[new]
    fn new(py: Python<'_>, responses_dir: PathBuf) -> Self {
        Self {
            waiter: py.detach(|| answer_waiter::AnswerWaiter::new(responses_dir)),
        }
    }

    fn wait<'py>(
        &self,
        py: Python<'py>,
        event_id: &str,
        timeout: f64,
    ) -> PyResult<Option<(String, Bound<'py, PyBytes>)>> {
        let timeout = Duration::try_from_secs_f64(timeout.max(0.0))
            .unwrap_or(A_YEAR)
            .min(A_YEAR);
        let mut signal = None;
        let waited = py.detach(|| {
            self.waiter.wait(event_id, timeout, || {
                signal = Python::attach(|py| py.check_signals().err());
                signal.is_some()
            })
        });
        if let Some(error) = signal {
            return Err(error);
        }
        let found = waited.map_err(raise)?;
        Ok(found.map(|(name, data)| (name, PyBytes::new(py, &data))))
    }

    fn close(&self) {
        self.waiter.close();
    }
}

/// Longer than any decision stays open, and short enough to be added to a clock.
const A_YEAR: Duration = Duration::from_secs(365 * 86_400);

/// Add this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<AnswerFile>()?;
    module.add_class::<AnswerWaiter>()?;
    module.add_function(wrap_pyfunction!(answer_name, module)?)?;
    module.add_function(wrap_pyfunction!(deliver_answer, module)?)?;
    module.add_function(wrap_pyfunction!(list_answers, module)?)?;
    module.add_function(wrap_pyfunction!(read_answers, module)?)?;
    module.add_function(wrap_pyfunction!(take_answers, module)?)
}
