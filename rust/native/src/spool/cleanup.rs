//! Cleanup of a directory: a plan, and its execution.

use crate::error::raise;
use cctelegram_spool::cleanup::{self, Names, Scope};
use cctelegram_spool::error::Error;
use cctelegram_spool::retention::{Amount, Limit, Policy, Rule};
use pyo3::prelude::*;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Rule, number of files, bytes.
type ByRule = Vec<(&'static str, u64, u64)>;

/// A planned cleanup of a directory.
#[pyclass(frozen, module = "cctelegram._native")]
pub struct CleanupPlan {
    // A plan remains valid after a panic: it knows how far the removal came.
    plan: Mutex<cleanup::Plan>,
    #[pyo3(get)]
    files: u64,
    #[pyo3(get)]
    bytes: u64,
    #[pyo3(get)]
    span_us: Option<(i64, i64)>,
    #[pyo3(get)]
    mean_us: Option<i64>,
    #[pyo3(get)]
    largest: Option<(u64, String)>,
    #[pyo3(get)]
    passed_over: u64,
    #[pyo3(get)]
    by_rule: ByRule,
    #[pyo3(get)]
    named: Vec<(String, &'static str)>,
    #[pyo3(get)]
    has_more: bool,
}

/// Result of a removal.
#[pyclass(frozen, get_all, module = "cctelegram._native")]
pub struct CleanupRemoved {
    by_rule: ByRule,
    changed: u64,
    gone: u64,
    failed: u64,
    faults: Vec<(String, String)>,
}

#[pymethods]
impl CleanupPlan {
    #[getter]
    fn left(&self) -> usize {
        self.plan
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .left()
    }

    fn remove(&self, py: Python<'_>, most: usize) -> CleanupRemoved {
        let removed = py.detach(|| {
            self.plan
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .remove(most)
        });
        CleanupRemoved {
            by_rule: by_rule(&removed.by_rule),
            changed: removed.changed,
            gone: removed.gone,
            failed: removed.failed,
            faults: removed.faults,
        }
    }
}

#[pyfunction]
#[pyo3(signature = (
    directory, now_us, *, include=vec![], exclude=vec![], age_us=None, size=None, count=None, keep=0,
    spare_us=0, most=usize::MAX, by_content=false, names="any"
))]
#[allow(clippy::too_many_arguments)] // a policy has as many
fn plan_cleanup(
    py: Python<'_>,
    directory: PathBuf,
    now_us: i64,
    include: Vec<String>,
    exclude: Vec<String>,
    age_us: Option<i64>,
    size: Option<(u64, u64)>,
    count: Option<(u64, u64)>,
    keep: u64,
    spare_us: i64,
    most: usize,
    by_content: bool,
    names: &str,
) -> PyResult<CleanupPlan> {
    let limit = |(above, down_to)| Limit { above, down_to };
    let policy = Policy {
        age_ns: age_us.map(|age| age.saturating_mul(1_000)),
        bytes: size.map(limit),
        count: count.map(limit),
        keep,
        spare_ns: spare_us.saturating_mul(1_000),
    };
    let names = names_of(names).map_err(raise)?;
    let plan = py
        .detach(|| {
            let scope = Scope::new(&include, &exclude, by_content, names)?;
            cleanup::plan(
                &directory,
                &scope,
                &policy,
                now_us.saturating_mul(1_000),
                most,
            )
        })
        .map_err(raise)?;
    let us = |ns: i64| ns.div_euclid(1_000);
    let statistics = plan.statistics.clone();
    let files = i128::from(statistics.amount.files);
    let mean_ns = statistics.sum_ns.checked_div(files);
    Ok(CleanupPlan {
        files: statistics.amount.files,
        bytes: statistics.amount.bytes,
        span_us: statistics
            .span
            .map(|(oldest, newest)| (us(oldest), us(newest))),
        mean_us: mean_ns.and_then(|mean| i64::try_from(mean).ok()).map(us),
        largest: statistics.largest,
        passed_over: statistics.passed_over,
        by_rule: by_rule(&plan.by_rule),
        named: plan
            .named
            .iter()
            .map(|(name, rule)| (name.clone(), rule.name()))
            .collect(),
        has_more: plan.has_more,
        plan: Mutex::new(plan),
    })
}

fn names_of(word: &str) -> Result<Names, Error> {
    match word {
        "any" => Ok(Names::Any),
        "answers" => Ok(Names::Answers),
        "temporary" => Ok(Names::Temporary),
        other => Err(Error::InvalidArgument(format!(
            "unknown kind of names {other:?}; known: any, answers, temporary"
        ))),
    }
}

/// The rules that remove something.
fn by_rule(amounts: &[Amount; 3]) -> ByRule {
    Rule::ALL
        .iter()
        .zip(amounts)
        .filter(|(_, amount)| amount.files > 0)
        .map(|(rule, amount)| (rule.name(), amount.files, amount.bytes))
        .collect()
}

/// Add this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_class::<CleanupPlan>()?;
    module.add_class::<CleanupRemoved>()?;
    module.add_function(wrap_pyfunction!(plan_cleanup, module)?)
}
