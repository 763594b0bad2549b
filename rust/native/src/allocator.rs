//! Telling the system's allocator to give back what a daemon no longer needs.

use pyo3::prelude::*;

/// From this size on a block is a mapping of its own, given back as soon as it is freed. glibc raises its own
/// limit to the largest block ever freed, up to 32 MiB; from then on such blocks stay.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_MAPPING_BYTES: libc::c_int = 128 << 10;

/// Heaps that threads share: each further one keeps what its threads freed.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const HEAPS: libc::c_int = 1;

#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[pyfunction]
#[allow(unsafe_code)] // a call into libc
fn keep_memory_small() -> bool {
    // SAFETY: mallopt takes two integers, copies nothing and locks its heap itself.
    unsafe {
        libc::mallopt(libc::M_MMAP_THRESHOLD, OWN_MAPPING_BYTES) == 1
            && libc::mallopt(libc::M_ARENA_MAX, HEAPS) == 1
    }
}

#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
#[pyfunction]
fn keep_memory_small() -> bool {
    false
}

/// Add this file's names to the module.
pub fn register(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add_function(wrap_pyfunction!(keep_memory_small, module)?)
}
