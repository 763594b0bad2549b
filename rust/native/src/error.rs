//! The one place where Rust errors become Python ones, built-in exceptions first.
