//! The table of event types, and strict validation.

use cctelegram_spool::{catalogue, timestamp, validate};
use pyo3::prelude::*;

/// One event type.
#[pyclass(frozen, get_all, module = "cctelegram._native")]
pub struct EventType {
    r#type: &'static str,
    category: &'static str,
    icon: &'static str,
    severity: &'static str,
    lane: u8,
    description: &'static str,
    example: &'static str,
}

#[pymethods]
impl EventType {
    fn __repr__(&self) -> String {
        format!("EventType({:?}, {:?})", self.r#type, self.category)
    }
}

/// One violated rule.
#[pyclass(frozen, get_all, module = "cctelegram._native")]
pub struct Problem {
    field: String,
    message: String,
}

#[pymethods]
impl Problem {
    fn __repr__(&self) -> String {
        format!("Problem({:?}, {:?})", self.field, self.message)
    }
}

#[pyfunction]
fn event_types() -> Vec<EventType> {
    let row = |row: &catalogue::EventType| EventType {
        r#type: row.name,
        category: row.category,
        icon: row.icon,
        severity: row.severity.as_str(),
        lane: row.lane as u8,
        description: row.description,
        example: row.example,
    };
    catalogue::EVENT_TYPES.iter().map(row).collect()
}

#[pyfunction]
fn validate_event(py: Python<'_>, data: &[u8]) -> Vec<Problem> {
    let problems = py.detach(|| validate::validate_event(data, timestamp::now_us()));
    let problem = |problem: validate::Problem| Problem {
        field: problem.field,
        message: problem.message,
    };
    problems.into_iter().map(problem).collect()
}

/// Add this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<EventType>()?;
    module.add_class::<Problem>()?;
    module.add_function(wrap_pyfunction!(event_types, module)?)?;
    module.add_function(wrap_pyfunction!(validate_event, module)?)
}
