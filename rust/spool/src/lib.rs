//! The file spool of `CCTelegram`: events in, answers out.
#![forbid(unsafe_code)]
