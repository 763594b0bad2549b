//! Atomic writes: a temporary file, fsync, the final name, fsync of the directory. A drop guard removes the
//! temporary file on every path out.

use crate::directory::{Directory, private_file};
use crate::error::{Error, PathContext, Result};
use crate::timestamp;
use std::fs::File;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// Write a file that readers see complete or not at all; returns its name.
///
/// Without a name, the file gets a unique one that sorts by time. With a name, an existing file of that name is
/// an error.
///
/// # Errors
///
/// A name with a slash, a leading dot, or a suffix other than `.json` and `.jsonl`; `AlreadyExists`; an I/O
/// error.
pub fn deliver(directory: &Path, data: &[u8], name: Option<&str>) -> Result<String> {
    if let Some(name) = name {
        check_name(name)?;
    }
    let open = Directory::open(directory)?;
    let name = name.map_or_else(
        || {
            format!(
                "{}-{:016x}.json",
                timestamp::compact(timestamp::now_us()),
                token()
            )
        },
        str::to_owned,
    );
    create_new(directory, &name, data)?;
    open.sync()?;
    Ok(name)
}

/// Write a file under a name that does not exist yet.
///
/// # Errors
///
/// `AlreadyExists`, or an I/O error.
pub fn create_new(directory: &Path, name: &str, data: &[u8]) -> Result<()> {
    let target = directory.join(name);
    let mut temporary = Temporary::create(directory)?;
    temporary.file.write_all(data).with_path(&temporary.path)?;
    temporary.file.sync_all().with_path(&temporary.path)?;
    // A hard link is the only way to publish a complete file that fails when the name exists.
    match std::fs::hard_link(&temporary.path, &target) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Err(error).with_path(target),
        // This file system has no hard links: reserve the name with an empty file, then replace that.
        Err(_) => {
            private_file()
                .create_new(true)
                .open(&target)
                .with_path(&target)?;
            std::fs::rename(&temporary.path, &target).with_path(&target)
        }
    }
}

/// Check that a name is a plain file name which the inbox reads.
///
/// # Errors
///
/// It is not.
pub fn check_name(name: &str) -> Result<()> {
    let path = Path::new(name);
    let plain =
        path.file_name().is_some_and(|own| own == name) && !name.contains(['/', '\\', '\0']);
    let read = path
        .extension()
        .is_some_and(|ending| ending == "json" || ending == "jsonl");
    if plain && read && !name.starts_with('.') && name.len() <= 255 {
        return Ok(());
    }
    Err(Error::InvalidArgument(format!(
        "{name:?} is not a name for an event file: it needs the suffix .json or .jsonl, at most 255 bytes, no slash and no leading dot"
    )))
}

/// 64 bits that differ between calls, processes and machines.
#[must_use]
pub fn token() -> u64 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // The keys of a `RandomState` come from the random number generator of the operating system.
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u64(COUNT.fetch_add(1, Ordering::Relaxed));
    hasher.write_u32(std::process::id());
    hasher.finish()
}

/// A file under a name that readers ignore; removed on drop.
struct Temporary {
    path: PathBuf,
    file: File,
}

impl Temporary {
    fn create(directory: &Path) -> Result<Self> {
        let path = directory.join(format!(".{}-{:016x}.tmp", std::process::id(), token()));
        let file = private_file()
            .create_new(true)
            .open(&path)
            .with_path(&path)?;
        Ok(Self { path, file })
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // After a rename the file no longer exists; otherwise the error has no receiver.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(directory: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    #[test]
    fn a_delivered_file_is_whole_private_and_alone() {
        let home = tempfile::tempdir().unwrap();
        let events = home.path().join("made/for/it");
        let name = deliver(&events, b"{}", None).unwrap();
        assert_eq!(names(&events), std::slice::from_ref(&name));
        assert_eq!(std::fs::read(events.join(&name)).unwrap(), b"{}");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
            assert_eq!((mode(&events), mode(&events.join(name))), (0o700, 0o600));
        }
    }

    #[test]
    fn a_name_that_is_taken_is_refused_and_its_file_left() {
        let home = tempfile::tempdir().unwrap();
        deliver(home.path(), b"first", Some("a.json")).unwrap();
        let error = deliver(home.path(), b"second", Some("a.json")).unwrap_err();
        assert!(
            matches!(error, Error::File { source, .. } if source.kind() == ErrorKind::AlreadyExists)
        );
        assert_eq!(names(home.path()), ["a.json"]);
        assert_eq!(std::fs::read(home.path().join("a.json")).unwrap(), b"first");
    }

    #[test]
    fn names_that_lead_elsewhere_or_are_not_read_are_refused() {
        for name in [
            "",
            ".",
            "..",
            "../a.json",
            "/a.json",
            "a/b.json",
            ".a.json",
            "a.tmp",
            "a",
            "a\\b.json",
        ] {
            assert!(check_name(name).is_err(), "{name}");
        }
        assert!(check_name("käse 1.json").is_ok());
    }
}
