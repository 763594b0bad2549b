//! Rejected files: moved to `rejected/` beside `<name>.reason.json`; no file there is ever overwritten.

use crate::directory::{Directory, Stat, create_private_dir, private_file};
use crate::error::{PathContext, Result};
use crate::parse::Rejection;
use crate::timestamp;
use serde_json::json;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, UNIX_EPOCH};

/// Maximum length of a name in `rejected/`, so that `~12345.reason.json` still fits into 255 bytes.
const NAME_BYTES: usize = 220;
/// Suffix of the file with the reason, after the name of the rejected file.
pub const REASON: &str = ".reason.json";

/// A rejected file or line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Name of the file in `rejected/`; bytes that are not UTF-8 are shown as U+FFFD.
    pub name: String,
    /// Name of the original file.
    pub from: String,
    /// The reason, with field and position.
    pub rejection: Rejection,
}

/// Move a file to `rejected/` with its reason, if it has not changed since it was judged; `None` when it has.
///
/// # Errors
///
/// An I/O error; the file then stays where it is.
pub fn reject_file(
    rejected: &Path,
    directory: &Directory,
    name: &[u8],
    judged: Stat,
    rejection: Rejection,
) -> Result<Option<Rejected>> {
    let file = directory.path_of(name);
    let own = file.file_name().unwrap_or_default();
    let from = own.to_string_lossy().into_owned();
    let target = reserve(rejected, own.to_owned())?;
    let is_judged = || Ok(directory.stat(name)? == Some(judged));
    let moved =
        write_reason(&target, &from, judged.size, &rejection, Some(judged)).and_then(|()| {
            if !is_judged()? {
                return Ok(false);
            }
            match std::fs::rename(&file, &target) {
                Err(error) if error.kind() == ErrorKind::CrossesDevices => {
                    copy_over(&file, &target)?;
                    let is_same = is_judged()?;
                    if is_same {
                        std::fs::remove_file(&file).with_path(&file)?;
                    }
                    Ok(is_same)
                }
                renamed => {
                    renamed.with_path(&target)?;
                    // Another file may have been renamed over it since it was checked.
                    let is_same = stat_of(&target)? == Some(judged);
                    if !is_same {
                        restore(&target, file.parent().unwrap_or(rejected), own.to_owned())?;
                    }
                    Ok(is_same)
                }
            }
        });
    if let Ok(false) = moved {
        discard(&target);
        return Ok(None);
    }
    finish(&target, from, rejection, moved.map(|_| ())).map(Some)
}

/// Move a file of `rejected/` back into a directory, under its name or the next free one, and remove its reason.
///
/// # Errors
///
/// An I/O error; the file then stays where it is.
pub fn restore(file: &Path, directory: &Path, name: OsString) -> Result<()> {
    let target = reserve(directory, name)?;
    let moved = match std::fs::rename(file, &target) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            copy_over(file, &target).and_then(|()| std::fs::remove_file(file).with_path(file))
        }
        renamed => renamed.with_path(file),
    };
    if moved.is_err() {
        let _ = std::fs::remove_file(&target);
    } else {
        let _ = std::fs::remove_file(reason_of(file));
    }
    moved
}

/// Return the metadata of a file without following links.
fn stat_of(file: &Path) -> Result<Option<Stat>> {
    let directory = Directory::open(file.parent().unwrap_or(file))?;
    directory.stat(file.file_name().unwrap_or_default().as_encoded_bytes())
}

/// Copy a line to `rejected/<name>.line-N.json` with its reason, streaming it so that a long line never stands in
/// memory as a whole.
///
/// `mark` is the byte-order mark that the line needs to be decoded alone.
///
/// # Errors
///
/// An I/O error.
pub fn reject_line(
    rejected: &Path,
    name: &[u8],
    file: &mut File,
    line: LinePlace,
    mark: &[u8],
    mut rejection: Rejection,
) -> Result<Rejected> {
    // The line within the file; within the line itself it is always the first.
    rejection.line = usize::try_from(line.number).ok();
    let from = String::from_utf8_lossy(name).into_owned();
    let target = reserve(rejected, format!("{from}.line-{}.json", line.number).into())?;
    let mut copy = || -> io::Result<()> {
        file.seek(SeekFrom::Start(line.offset))?;
        let mut out = private_file().open(&target)?;
        let mut start = Vec::with_capacity(mark.len());
        let mut line = file.take(line.length);
        (&mut line)
            .take(mark.len() as u64)
            .read_to_end(&mut start)?;
        if start != mark {
            out.write_all(mark)?;
        }
        out.write_all(&start)?;
        io::copy(&mut line, &mut out).map(|_| ())
    };
    let copied = copy().with_path(&target).and_then(|()| {
        let copied = stat_of(&target)?;
        write_reason(&target, &from, line.length, &rejection, copied)
    });
    finish(&target, from, rejection, copied)
}

/// Position of a line in its file.
#[derive(Debug, Clone, Copy)]
pub struct LinePlace {
    /// Offset of its first byte.
    pub offset: u64,
    /// Line number, from 1.
    pub number: u64,
    /// Length in bytes, without the line end.
    pub length: u64,
}

fn finish(target: &Path, from: String, rejection: Rejection, done: Result<()>) -> Result<Rejected> {
    if let Err(error) = done {
        discard(target);
        return Err(error);
    }
    let name = target
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    Ok(Rejected {
        name,
        from,
        rejection,
    })
}

/// Remove the placeholder and the reason of a file that was not moved.
fn discard(target: &Path) {
    let _ = std::fs::remove_file(reason_of(target));
    let _ = std::fs::remove_file(target);
}

/// Reserve a free name with an empty file: `a.json`, `a.json~2.json`, ...
fn reserve(rejected: &Path, name: OsString) -> Result<PathBuf> {
    create_private_dir(rejected)?;
    let name = if name.len() <= NAME_BYTES {
        name
    } else {
        shortened(&name)
    };
    for count in 1_u32.. {
        let mut own = name.clone();
        if count > 1 {
            own.push(format!("~{count}.json"));
        }
        let path = rejected.join(own);
        match private_file().create_new(true).open(&path) {
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error).with_path(path),
        }
    }
    Err(io::Error::from(ErrorKind::AlreadyExists)).with_path(rejected)
}

fn shortened(name: &OsString) -> OsString {
    let text = name.to_string_lossy();
    let start: String = text.chars().take(40).collect();
    let hash = xxhash_rust::xxh3::xxh3_64(name.as_encoded_bytes());
    format!("{start}~{hash:016x}.json").into()
}

fn reason_of(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(REASON);
    name.into()
}

/// Write the reason. It gets the modification time of the judged file, so that a later change of that file shows.
fn write_reason(
    target: &Path,
    from: &str,
    bytes: u64,
    rejection: &Rejection,
    judged: Option<Stat>,
) -> Result<()> {
    let reason = json!({
        "name": from,
        "reason": rejection.reason,
        "field": rejection.field,
        "line": rejection.line,
        "column": rejection.column,
        "rejected_at": timestamp::rfc3339(timestamp::now_us()),
        "bytes": bytes,
    });
    let path = reason_of(target);
    let mut file = private_file()
        .create(true)
        .truncate(true)
        .open(&path)
        .with_path(&path)?;
    file.write_all(format!("{reason:#}\n").as_bytes())
        .with_path(&path)?;
    judged.map_or(Ok(()), |judged| {
        set_modified(&file, judged).with_path(&path)
    })
}

/// Set the modification time of a reason to that of its file.
///
/// # Errors
///
/// The time cannot be set.
pub fn set_modified(reason: &File, judged: Stat) -> io::Result<()> {
    let since = Duration::from_nanos(judged.mtime_ns.unsigned_abs());
    let at = if judged.mtime_ns < 0 {
        UNIX_EPOCH.checked_sub(since)
    } else {
        UNIX_EPOCH.checked_add(since)
    };
    at.map_or(Ok(()), |at| reason.set_modified(at))
}

/// Copy onto the file that reserves the name.
fn copy_over(file: &Path, target: &Path) -> Result<()> {
    let mut from = File::open(file).with_path(file)?;
    let mut to = private_file()
        .truncate(true)
        .open(target)
        .with_path(target)?;
    io::copy(&mut from, &mut to).with_path(target)?;
    let modified = from.metadata().and_then(|metadata| metadata.modified());
    modified
        .and_then(|at| to.set_modified(at))
        .with_path(target)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reject(rejected: &Path, file: &Path) -> Rejected {
        let judged = stat_of(file).unwrap().unwrap();
        let directory = Directory::open(file.parent().unwrap()).unwrap();
        let name = file.file_name().unwrap().as_encoded_bytes();
        let why = Rejection::whole("json", "because");
        reject_file(rejected, &directory, name, judged, why)
            .unwrap()
            .unwrap()
    }

    #[test]
    fn nothing_in_rejected_is_ever_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let rejected = home.path().join("rejected");
        let mut names = Vec::new();
        for content in ["one", "two", "three"] {
            let file = home.path().join("a.json");
            std::fs::write(&file, content).unwrap();
            let moved = reject(&rejected, &file);
            assert_eq!(
                std::fs::read_to_string(rejected.join(&moved.name)).unwrap(),
                content
            );
            let reason =
                std::fs::read(rejected.join(format!("{}.reason.json", moved.name))).unwrap();
            let reason: serde_json::Value = serde_json::from_slice(&reason).unwrap();
            assert_eq!(
                (&reason["name"], &reason["reason"]),
                (&json!("a.json"), &json!("because"))
            );
            names.push(moved.name);
        }
        assert_eq!(names, ["a.json", "a.json~2.json", "a.json~3.json"]);
    }

    #[test]
    fn the_longest_name_still_gets_a_reason() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join(format!("{}.json", "n".repeat(250)));
        std::fs::write(&file, "x").unwrap();
        let moved = reject(&home.path().join("rejected"), &file);
        assert!(moved.name.starts_with("nnn") && moved.name.len() < 70);
    }

    #[test]
    fn a_file_that_is_gone_leaves_nothing_in_rejected() {
        let home = tempfile::tempdir().unwrap();
        let missing = home.path().join("missing.json");
        let rejected = home.path().join("rejected");
        std::fs::write(&missing, "x").unwrap();
        let judged = stat_of(&missing).unwrap().unwrap();
        std::fs::remove_file(&missing).unwrap();
        let directory = Directory::open(home.path()).unwrap();
        let why = Rejection::whole("json", "x");
        let moved = reject_file(&rejected, &directory, b"missing.json", judged, why);
        assert_eq!(moved.unwrap(), None);
        assert_eq!(std::fs::read_dir(&rejected).unwrap().count(), 0);
    }
}
