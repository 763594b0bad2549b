//! What could not be used goes to `rejected/`, beside `<name>.reason.json`, and never over another.

use crate::directory::{make, private_file};
use crate::error::{At, Result};
use crate::mend::Rejection;
use crate::timestamp;
use serde_json::json;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Of a name in `rejected/`, so that `~12345.reason.json` still fits into 255 bytes.
const NAME_BYTES: usize = 220;

/// Something that was rejected, and where it lies now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rejected {
    /// Of the file in `rejected/`; what is not UTF-8 in it is shown as U+FFFD.
    pub name: String,
    /// Of the file it came as.
    pub from: String,
    /// Why, and where exactly.
    pub rejection: Rejection,
}

/// Move a file to `rejected/` with its reason.
///
/// # Errors
///
/// The disk; the file then stays where it is.
pub fn reject_file(
    rejected: &Path,
    file: &Path,
    size: u64,
    rejection: Rejection,
) -> Result<Rejected> {
    let name = file.file_name().unwrap_or_default();
    let target = reserve(rejected, name.to_owned())?;
    let moved = explain(&target, name.to_string_lossy().as_ref(), size, &rejection)
        .and_then(|()| move_over(file, &target));
    finish(
        &target,
        name.to_string_lossy().into_owned(),
        rejection,
        moved,
    )
}

/// Copy a line to `rejected/<name>.line-N.json` with its reason; a long one never as a whole in memory.
///
/// # Errors
///
/// The disk.
pub fn reject_line(
    rejected: &Path,
    name: &[u8],
    file: &mut File,
    line: LinePlace,
    mut rejection: Rejection,
) -> Result<Rejected> {
    // In the file, not in the line, which is always its first.
    rejection.line = usize::try_from(line.number).ok();
    let from = String::from_utf8_lossy(name).into_owned();
    let target = reserve(rejected, format!("{from}.line-{}.json", line.number).into())?;
    let mut copy = || -> io::Result<()> {
        file.seek(SeekFrom::Start(line.offset))?;
        let mut out = private_file().open(&target)?;
        io::copy(&mut file.take(line.length), &mut out).map(|_| ())
    };
    let copied = copy()
        .at(&target)
        .and_then(|()| explain(&target, &from, line.length, &rejection));
    finish(&target, from, rejection, copied)
}

/// Where a line stands.
#[derive(Debug, Clone, Copy)]
pub struct LinePlace {
    /// Of its first byte.
    pub offset: u64,
    /// From 1.
    pub number: u64,
    /// In bytes, without its end.
    pub length: u64,
}

fn finish(target: &Path, from: String, rejection: Rejection, done: Result<()>) -> Result<Rejected> {
    if let Err(error) = done {
        // Leave no empty file and no reason of something that is not there.
        let _ = std::fs::remove_file(reason_of(target));
        let _ = std::fs::remove_file(target);
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

/// Take a free name by an empty file: `a.json`, `a.json~2.json`, ...
fn reserve(rejected: &Path, name: OsString) -> Result<PathBuf> {
    make(rejected)?;
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
            Err(error) => return Err(error).at(path),
        }
    }
    Err(io::Error::from(ErrorKind::AlreadyExists)).at(rejected)
}

fn shortened(name: &OsString) -> OsString {
    let text = name.to_string_lossy();
    let start: String = text.chars().take(40).collect();
    let hash = xxhash_rust::xxh3::xxh3_64(name.as_encoded_bytes());
    format!("{start}~{hash:016x}.json").into()
}

fn reason_of(target: &Path) -> PathBuf {
    let mut name = target.as_os_str().to_owned();
    name.push(".reason.json");
    name.into()
}

fn explain(target: &Path, from: &str, bytes: u64, rejection: &Rejection) -> Result<()> {
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
        .at(&path)?;
    io::Write::write_all(&mut file, format!("{reason:#}\n").as_bytes()).at(&path)
}

/// Rename over the file that holds the name for us; copy where that is another file system.
fn move_over(file: &Path, target: &Path) -> Result<()> {
    match std::fs::rename(file, target) {
        Err(error) if error.kind() == ErrorKind::CrossesDevices => {
            let mut from = File::open(file).at(file)?;
            let mut to = private_file().truncate(true).open(target).at(target)?;
            io::copy(&mut from, &mut to).at(target)?;
            std::fs::remove_file(file).at(file)
        }
        renamed => renamed.at(target),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_rejected_is_ever_overwritten() {
        let home = tempfile::tempdir().unwrap();
        let rejected = home.path().join("rejected");
        let mut names = Vec::new();
        for content in ["one", "two", "three"] {
            let file = home.path().join("a.json");
            std::fs::write(&file, content).unwrap();
            let moved =
                reject_file(&rejected, &file, 3, Rejection::whole("json", "because")).unwrap();
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
        let moved = reject_file(
            &home.path().join("rejected"),
            &file,
            1,
            Rejection::whole("json", "x"),
        )
        .unwrap();
        assert!(moved.name.starts_with("nnn") && moved.name.len() < 70);
    }

    #[test]
    fn a_move_that_fails_leaves_the_file_and_nothing_else() {
        let home = tempfile::tempdir().unwrap();
        let missing = home.path().join("missing.json");
        let rejected = home.path().join("rejected");
        assert!(reject_file(&rejected, &missing, 1, Rejection::whole("json", "x")).is_err());
        assert_eq!(std::fs::read_dir(&rejected).unwrap().count(), 0);
    }
}
