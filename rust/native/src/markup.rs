//! Binding of the markup crate: text in, text and entities out; the interpreter lock is released meanwhile.

use std::borrow::Cow;

use cctelegram_markup as markup;
use markup::{Entity, Kind, Limits, Marked};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyString;

/// An entity in Python: type, offset, length, address or language.
type Row = (&'static str, usize, usize, Option<String>);

fn rows(entities: Vec<Entity>) -> Vec<Row> {
    entities
        .into_iter()
        .map(|mark| (mark.kind.word(), mark.offset, mark.length, mark.value))
        .collect()
}

fn pair(marked: Marked) -> (String, Vec<Row>) {
    (marked.text, rows(marked.entities))
}

/// Markdown to text and entities.
#[pyfunction]
#[pyo3(signature = (text, /))]
fn markdown(py: Python<'_>, text: &Bound<'_, PyString>) -> (String, Vec<Row>) {
    // JSON can contain a lone surrogate; it becomes U+FFFD.
    let text = text.to_string_lossy();
    pair(py.detach(|| markup::markdown(&text)))
}

/// Split a text and its entities into messages.
#[pyfunction]
#[pyo3(signature = (text, entities, limit=4096, max_entities=100))]
fn split(
    py: Python<'_>,
    text: &Bound<'_, PyString>,
    entities: Vec<(String, usize, usize, Option<String>)>,
    limit: usize,
    max_entities: usize,
) -> PyResult<Vec<(String, Vec<Row>)>> {
    if limit < 2 || max_entities < 1 {
        return Err(PyValueError::new_err(
            "limit must be at least 2 and max_entities at least 1",
        ));
    }
    let marks = entities.into_iter().map(|(word, offset, length, value)| {
        let kind = Kind::from_word(&word).ok_or_else(|| {
            PyValueError::new_err(format!(
                "unknown entity type {word:?}; known: {}",
                Kind::words().join(", ")
            ))
        })?;
        Ok(Entity {
            kind,
            offset,
            length,
            value,
        })
    });
    let marks = marks.collect::<PyResult<Vec<_>>>()?;
    let text = text.to_string_lossy();
    let limits = Limits {
        units: limit,
        entities: max_entities,
    };
    Ok(py
        .detach(|| markup::split(&text, &marks, limits))
        .into_iter()
        .map(pair)
        .collect())
}

/// Length in UTF-16 units.
#[pyfunction]
#[pyo3(signature = (text, /))]
fn utf16_len(text: &Bound<'_, PyString>) -> usize {
    markup::utf16_len(&text.to_string_lossy())
}

/// Show hidden characters; returns the same object when there are none.
#[pyfunction]
#[pyo3(signature = (text, /))]
fn visible(text: Bound<'_, PyString>) -> Bound<'_, PyString> {
    changed(text, markup::visible)
}

/// Show a text on one line; returns the same object when nothing changes.
#[pyfunction]
#[pyo3(signature = (text, /))]
fn one_line(text: Bound<'_, PyString>) -> Bound<'_, PyString> {
    changed(text, markup::one_line)
}

/// Replace wide gaps by their size; returns the same object when there are none.
#[pyfunction]
#[pyo3(signature = (text, /))]
fn shorten_blanks(text: Bound<'_, PyString>) -> Bound<'_, PyString> {
    changed(text, markup::shorten_blanks)
}

/// Form of a text that is equal for texts that look the same.
#[pyfunction]
#[pyo3(signature = (text, /))]
fn skeleton(text: &Bound<'_, PyString>) -> String {
    markup::skeleton(&text.to_string_lossy())
}

fn changed(
    text: Bound<'_, PyString>,
    change: impl Fn(&str) -> Cow<'_, str>,
) -> Bound<'_, PyString> {
    let shown = match text.to_string_lossy() {
        Cow::Borrowed(whole) => match change(whole) {
            Cow::Borrowed(_) => None,
            Cow::Owned(shown) => Some(shown),
        },
        Cow::Owned(replaced) => Some(change(&replaced).into_owned()),
    };
    match shown {
        Some(shown) => PyString::new(text.py(), &shown),
        None => text,
    }
}

/// Whether an address may become a link.
#[pyfunction]
#[pyo3(signature = (address, /))]
fn is_link(address: &Bound<'_, PyString>) -> bool {
    markup::is_link(&address.to_string_lossy())
}

/// Add this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(markdown, module)?)?;
    module.add_function(wrap_pyfunction!(split, module)?)?;
    module.add_function(wrap_pyfunction!(utf16_len, module)?)?;
    module.add_function(wrap_pyfunction!(visible, module)?)?;
    module.add_function(wrap_pyfunction!(one_line, module)?)?;
    module.add_function(wrap_pyfunction!(shorten_blanks, module)?)?;
    module.add_function(wrap_pyfunction!(skeleton, module)?)?;
    module.add_function(wrap_pyfunction!(is_link, module)?)
}
