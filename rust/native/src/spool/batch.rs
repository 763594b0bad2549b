//! Result of a take: frozen, converted on access.

use cctelegram_spool::catalogue::EVENT_TYPES;
use cctelegram_spool::inbox::{self, Row};
use cctelegram_spool::intake_key;
use cctelegram_spool::lane::Severity;
use cctelegram_spool::reject;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyDict, PyList, PyString, PyTuple};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The columns of a row, in order; `events/event.py` unpacks them by position.
pub const EVENT_COLUMNS: [&str; 12] = [
    "intake_key",
    "event_id",
    "type",
    "title",
    "source",
    "task_id",
    "correlation_id",
    "lane",
    "severity",
    "occurred_at",
    "body",
    "warnings",
];

/// Name, device, inode, offset, hash of the first bytes.
pub type PositionTuple = (Vec<u8>, u64, u64, u64, u64);

/// A batch of events.
#[pyclass(frozen, module = "cctelegram._native")]
pub struct Batch {
    pub(super) taken: inbox::Batch,
    /// The events, until `rows` is called: a large body should not be in memory twice.
    events: Mutex<Option<inbox::Events>>,
    count: usize,
    is_empty: bool,
}

impl From<inbox::Batch> for Batch {
    fn from(mut batch: inbox::Batch) -> Self {
        let (count, is_empty) = (batch.events.len(), batch.is_empty());
        let events = Mutex::new(Some(std::mem::take(&mut batch.events)));
        Self {
            taken: batch,
            events,
            count,
            is_empty,
        }
    }
}

impl Batch {
    fn events(&self) -> MutexGuard<'_, Option<inbox::Events>> {
        self.events.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.count
    }

    #[getter]
    fn is_empty(&self) -> bool {
        self.is_empty
    }

    #[getter]
    fn more(&self) -> bool {
        self.taken.more
    }

    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let words = Words::of(py);
        let mut before = Before::default();
        let events = self.events().take();
        let events =
            events.ok_or_else(|| PyRuntimeError::new_err("rows() can be called only once"))?;
        let rows = events.iter();
        let rows = rows.map(|event| row(py, words, event, &mut before));
        PyList::new(py, rows.collect::<PyResult<Vec<_>>>()?)
    }

    #[getter]
    fn held(&self) -> usize {
        self.taken.held() + self.events().as_ref().map_or(0, inbox::Events::held)
    }

    #[getter]
    fn positions<'py>(&self, py: Python<'py>) -> Vec<(Bound<'py, PyBytes>, u64, u64, u64, u64)> {
        let tuple = |at: &inbox::Position| {
            (
                PyBytes::new(py, &at.name),
                at.device,
                at.inode,
                at.offset,
                at.head_hash,
            )
        };
        self.taken.positions.iter().map(tuple).collect()
    }

    #[getter]
    fn finished<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.taken
            .finished
            .iter()
            .map(|name| PyBytes::new(py, name))
            .collect()
    }

    #[getter]
    fn rejected(&self) -> Vec<Rejected> {
        self.taken.rejected.iter().map(Rejected::from).collect()
    }

    #[getter]
    fn troubles(&self) -> Vec<Trouble> {
        self.taken.troubles.iter().map(Trouble::from).collect()
    }

    #[getter]
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.taken.counters;
        let dict = PyDict::new(py);
        for (name, value) in [
            ("looked", counters.looked),
            ("opened", counters.opened),
            ("bytes", counters.bytes),
            ("mended", counters.mended),
            ("unknown_types", counters.unknown_types),
            ("not_files", counters.not_files),
            ("waiting", counters.waiting),
            ("parse_ns", counters.parse_ns),
            ("take_ns", counters.take_ns),
            ("listings", counters.listings),
            ("listings_kept", counters.listings_kept),
            ("calls_saved", counters.calls_saved),
        ] {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }
}

/// Strings shared by all rows; interned, and never freed.
struct Words {
    /// Type names, by index in the catalogue.
    types: Vec<Py<PyString>>,
    /// Severities, from low to critical.
    severities: [Py<PyString>; 4],
}

impl Words {
    fn of(py: Python<'_>) -> &'static Self {
        static WORDS: PyOnceLock<Words> = PyOnceLock::new();
        let word = |word: &str| PyString::intern(py, word).unbind();
        WORDS.get_or_init(py, || Self {
            types: EVENT_TYPES.iter().map(|known| word(known.name)).collect(),
            severities: [
                Severity::Low,
                Severity::Medium,
                Severity::High,
                Severity::Critical,
            ]
            .map(|severity| word(severity.as_str())),
        })
    }
}

/// Strings of the previous row, most of which repeat.
#[derive(Default)]
struct Before<'a, 'py> {
    source: Shared<'a, 'py>,
    task_id: Shared<'a, 'py>,
}

type Shared<'a, 'py> = Option<(&'a [u8], Bound<'py, PyString>)>;

/// Return the string of a text, reusing that of the previous row if it is equal.
fn shared<'a, 'py>(
    py: Python<'py>,
    text: &'a [u8],
    before: &mut Shared<'a, 'py>,
) -> PyResult<Bound<'py, PyString>> {
    if let Some((written, string)) = before
        && *written == text
    {
        return Ok(string.clone());
    }
    let string = PyString::from_bytes(py, text)?;
    *before = Some((text, string.clone()));
    Ok(string)
}

fn row<'a, 'py>(
    py: Python<'py>,
    words: &Words,
    event: Row<'a>,
    before: &mut Before<'a, 'py>,
) -> PyResult<Bound<'py, PyTuple>> {
    // The interpreter validates the text itself; validating it here too would be redundant.
    let text = |bytes: &[u8]| PyString::from_bytes(py, bytes);
    let event_id = match event.event_id {
        Some(written) => text(written)?,
        None => text(&intake_key::event_id(event.intake_key))?,
    };
    let task_id = match event.task_id {
        Some(task_id) => shared(py, task_id, &mut before.task_id)?,
        None => event_id.clone(),
    };
    let known = event.type_index.and_then(|at| words.types.get(at as usize));
    let kind = match known {
        Some(word) => word.bind(py).clone(),
        None => text(event.kind)?,
    };
    let source = shared(py, event.source, &mut before.source)?;
    let warnings = if event.warnings.is_empty() {
        None
    } else {
        Some(serde_json::Value::from(event.warnings).to_string())
    };
    (
        PyBytes::new(py, event.intake_key),
        event_id,
        kind,
        text(event.title)?,
        source,
        task_id,
        event.correlation_id.map(text).transpose()?,
        event.lane as u8,
        words.severities[event.severity as usize].bind(py).clone(),
        event.occurred_at,
        // As bytes, as the store takes them: most bodies are not read in Python before they are sent.
        PyBytes::new(py, event.body),
        warnings,
    )
        .into_pyobject(py)
}

/// A rejected file or line, now in `rejected/`.
#[pyclass(frozen, get_all, module = "cctelegram._native")]
pub struct Rejected {
    name: String,
    origin: String,
    code: &'static str,
    reason: String,
    field: Option<&'static str>,
    line: Option<usize>,
    column: Option<usize>,
}

impl From<&reject::Rejected> for Rejected {
    fn from(rejected: &reject::Rejected) -> Self {
        Self {
            name: rejected.name.clone(),
            origin: rejected.from.clone(),
            code: rejected.rejection.code,
            reason: rejected.rejection.reason.clone(),
            field: rejected.rejection.field,
            line: rejected.rejection.line,
            column: rejected.rejection.column,
        }
    }
}

#[pymethods]
impl Rejected {
    fn __repr__(&self) -> String {
        format!("Rejected({:?}, {:?})", self.name, self.reason)
    }
}

/// A file that the system does not let us use.
#[pyclass(frozen, get_all, module = "cctelegram._native")]
pub struct Trouble {
    name: String,
    reason: String,
}

impl From<&inbox::Trouble> for Trouble {
    fn from(trouble: &inbox::Trouble) -> Self {
        Self {
            name: trouble.name.clone(),
            reason: trouble.reason.clone(),
        }
    }
}

#[pymethods]
impl Trouble {
    fn __repr__(&self) -> String {
        format!("Trouble({:?}, {:?})", self.name, self.reason)
    }
}

/// Result of a settlement.
#[pyclass(frozen, module = "cctelegram._native")]
pub struct Settled {
    settled: inbox::Settled,
}

impl From<inbox::Settled> for Settled {
    fn from(settled: inbox::Settled) -> Self {
        Self { settled }
    }
}

#[pymethods]
impl Settled {
    #[getter]
    fn removed(&self) -> u64 {
        self.settled.removed
    }

    #[getter]
    fn changed(&self) -> u64 {
        self.settled.changed
    }

    #[getter]
    fn gone(&self) -> u64 {
        self.settled.gone
    }

    #[getter]
    fn troubles(&self) -> Vec<Trouble> {
        self.settled.troubles.iter().map(Trouble::from).collect()
    }
}

/// Add this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<Batch>()?;
    module.add_class::<Rejected>()?;
    module.add_class::<Trouble>()?;
    module.add_class::<Settled>()?;
    module.add("EVENT_COLUMNS", PyTuple::new(module.py(), EVENT_COLUMNS)?)
}
