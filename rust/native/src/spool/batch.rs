//! What a take brings: frozen, converted when it is asked for.

use cctelegram_spool::inbox;
use cctelegram_spool::mend::Event;
use cctelegram_spool::reject;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString, PyTuple};

/// The order of a row's columns; `events/event.py` unpacks them by place.
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

/// Name, device, inode, offset, hash of the head.
pub type PositionTuple = (Vec<u8>, u64, u64, u64, u64);

/// Events and what belongs to them.
#[pyclass(frozen, module = "cctelegram._native")]
pub struct Batch {
    pub(super) batch: inbox::Batch,
}

impl From<inbox::Batch> for Batch {
    fn from(batch: inbox::Batch) -> Self {
        Self { batch }
    }
}

#[pymethods]
impl Batch {
    fn __len__(&self) -> usize {
        self.batch.events.len()
    }

    #[getter]
    fn is_empty(&self) -> bool {
        self.batch.is_empty()
    }

    #[getter]
    fn more(&self) -> bool {
        self.batch.more
    }

    fn rows<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyTuple>>> {
        self.batch
            .events
            .iter()
            .map(|event| row(py, event))
            .collect()
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
        self.batch.positions.iter().map(tuple).collect()
    }

    #[getter]
    fn finished<'py>(&self, py: Python<'py>) -> Vec<Bound<'py, PyBytes>> {
        self.batch
            .finished
            .iter()
            .map(|name| PyBytes::new(py, name))
            .collect()
    }

    #[getter]
    fn rejected(&self) -> Vec<Rejected> {
        self.batch.rejected.iter().map(Rejected::from).collect()
    }

    #[getter]
    fn troubles(&self) -> Vec<Trouble> {
        self.batch.troubles.iter().map(Trouble::from).collect()
    }

    #[getter]
    fn counters<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let counters = self.batch.counters;
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
        ] {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    }
}

fn row<'py>(py: Python<'py>, event: &Event) -> PyResult<Bound<'py, PyTuple>> {
    let warnings = if event.warnings.is_empty() {
        None
    } else {
        Some(serde_json::Value::from(event.warnings.clone()).to_string())
    };
    (
        PyBytes::new(py, &event.intake_key),
        event.event_id.as_str(),
        PyString::intern(py, &event.kind), // few, and kept by those who count them
        event.title.as_str(),
        PyString::intern(py, &event.source),
        event.task_id.as_str(),
        event.correlation_id.as_deref(),
        event.lane as u8,
        PyString::intern(py, event.severity.as_str()),
        event.occurred_at,
        event.body.as_str(),
        warnings,
    )
        .into_pyobject(py)
}

/// What could not be used, and lies in `rejected/` now.
#[pyclass(frozen, get_all, module = "cctelegram._native")]
pub struct Rejected {
    name: String,
    origin: String,
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

/// What the system is in the way of.
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

/// What a settling did.
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
