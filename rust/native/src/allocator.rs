//! Configuration of the system allocator, so that a daemon returns memory it no longer needs.

use pyo3::prelude::*;

/// Blocks from this size on are separate mappings, returned to the system when freed. By default glibc raises
/// this limit to the largest block ever freed, up to 32 MiB, and keeps such blocks from then on.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const OWN_MAPPING_BYTES: libc::c_int = 128 << 10;

/// Number of heaps shared by all threads: each further one keeps what its threads freed.
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
