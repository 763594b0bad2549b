//! Names of the files that change in some directories, as they change.
//!
//! Like [`crate::watch`] it is a hint: what happened before the watch, or on a file system that reports nothing,
//! has to be found otherwise.

use crate::error::{Error, Result};
use notify::event::{Event, EventKindMask};
use notify::{Config, ErrorKind, RecommendedWatcher, RecursiveMode, Watcher};
use std::io;
use std::path::{Path, PathBuf};

/// A watch on directories, without those below them; dropping it ends the watch.
pub struct Changes {
    _watcher: RecommendedWatcher,
}

impl Changes {
    /// Watch directories. A directory that may not be read is left out.
    ///
    /// `on_change` is called in a thread of the watch: with the path of a file that was made, written, removed or
    /// renamed, or whose mode was changed; with `None` when notifications were lost.
    ///
    /// # Errors
    ///
    /// A directory is missing, or the system has no watch left.
    pub fn new(
        directories: &[PathBuf],
        on_change: impl Fn(Option<&Path>) + Send + 'static,
    ) -> Result<Self> {
        // Not opening and reading, which are our own.
        let config = Config::default().with_event_kinds(EventKindMask::CORE);
        let mut watcher = RecommendedWatcher::new(move |event| report(&on_change, event), config)
            .map_err(|error| system(directories.first(), error))?;
        for directory in directories {
            match watcher.watch(directory, RecursiveMode::NonRecursive) {
                Err(error) if is_denied(&error) => {}
                result => result.map_err(|error| system(Some(directory), error))?,
            }
        }
        Ok(Self { _watcher: watcher })
    }
}

fn report(on_change: &impl Fn(Option<&Path>), event: notify::Result<Event>) {
    match event {
        Ok(event) if !event.need_rescan() => {
            for path in &event.paths {
                on_change(Some(path));
            }
        }
        _ => on_change(None),
    }
}

fn is_denied(error: &notify::Error) -> bool {
    matches!(&error.kind, ErrorKind::Io(source) if source.kind() == io::ErrorKind::PermissionDenied)
}

fn system(path: Option<&PathBuf>, error: notify::Error) -> Error {
    let source = match error.kind {
        ErrorKind::Io(source) => source,
        ErrorKind::PathNotFound => io::ErrorKind::NotFound.into(),
        kind => io::Error::other(notify::Error::new(kind).to_string()),
    };
    Error::File {
        path: path.cloned().unwrap_or_default(),
        source,
    }
}

#[cfg(test)]
mod tests {
    use super::Changes;
    use crate::error::Error;
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::PathBuf;
    use std::sync::mpsc::{Receiver, channel};
    use std::time::Duration;

    const PATIENCE: Duration = Duration::from_secs(20);

    fn watched(directories: &[PathBuf]) -> (Changes, Receiver<Option<PathBuf>>) {
        let (sender, receiver) = channel();
        let changes = Changes::new(directories, move |path| {
            // The receiver is gone at the end of a test.
            let _ = sender.send(path.map(PathBuf::from));
        })
        .unwrap();
        (changes, receiver)
    }

    fn wait_for(receiver: &Receiver<Option<PathBuf>>, wanted: &PathBuf) {
        let mut seen = BTreeSet::new();
        while !seen.contains(wanted) {
            seen.insert(receiver.recv_timeout(PATIENCE).unwrap().unwrap());
        }
    }

    #[test]
    fn making_writing_renaming_and_removing_a_file_is_reported() {
        let home = tempfile::tempdir().unwrap();
        let below = home.path().join("below");
        fs::create_dir(&below).unwrap();
        let (_changes, receiver) = watched(&[home.path().to_owned()]);
        let file = home.path().join("a");
        fs::write(&file, "1").unwrap();
        wait_for(&receiver, &file);
        let other = home.path().join("b");
        fs::rename(&file, &other).unwrap();
        wait_for(&receiver, &other);
        fs::remove_file(&other).unwrap();
        fs::write(below.join("c"), "1").unwrap();
        let last = home.path().join("last");
        fs::write(&last, "1").unwrap();
        let mut seen = BTreeSet::new();
        while !seen.contains(&last) {
            seen.insert(receiver.recv_timeout(PATIENCE).unwrap().unwrap());
        }
        assert!(!seen.contains(&below.join("c")));
    }

    #[test]
    fn a_missing_directory_is_an_error_that_names_it() {
        let home = tempfile::tempdir().unwrap();
        let missing = home.path().join("missing");
        let error = Changes::new(std::slice::from_ref(&missing), |_| {})
            .err()
            .unwrap();
        let Error::File { path, source } = error else {
            panic!("another error")
        };
        assert_eq!(
            (path, source.kind()),
            (missing, std::io::ErrorKind::NotFound)
        );
    }

    #[test]
    fn the_end_of_the_watch_ends_the_reports() {
        let home = tempfile::tempdir().unwrap();
        let (changes, receiver) = watched(&[home.path().to_owned()]);
        drop(changes);
        // The thread of the watch drops the sender when it ends.
        while receiver.recv_timeout(PATIENCE).is_ok() {}
        assert!(receiver.try_recv().is_err());
    }
}
