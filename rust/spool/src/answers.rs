//! Answer files: names, delivery, listing, reading; each is taken by one reader only.

use crate::deliver::create_new;
use crate::directory::{Contents, Directory, Kind, create_private_dir};
use crate::error::{Error, PathContext, Result};
use crate::timestamp;
use std::io::ErrorKind;
use std::path::Path;

/// Subdirectory for answers that were taken.
pub const TAKEN: &str = "taken";

/// Maximum length of the event id in a name.
const SLUG_CHARACTERS: usize = 40;

/// Maximum size of an answer. The bridge writes each from one Telegram update, which is far smaller.
const ANSWER_BYTES: u64 = 1 << 20;

/// An answer file as listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AnswerFile {
    /// Sorts by time.
    pub name: String,
    /// In bytes.
    pub size: u64,
    /// In nanoseconds since the epoch.
    pub mtime_ns: i64,
}

/// Return `20261123T174112.123456Z-<slug of the event id>-<8 hex digits>.json`; without the slug when the answer
/// belongs to no event.
#[must_use]
pub fn answer_name(event_id: Option<&str>, at_us: i64, token: u32) -> String {
    let at = timestamp::compact(at_us);
    match event_id.map(slug).filter(|slug| !slug.is_empty()) {
        Some(slug) => format!("{at}-{slug}-{token:08x}.json"),
        None => format!("{at}-{token:08x}.json"),
    }
}

/// Reduce an id to at most 40 characters of `[a-z0-9-]`; runs of other characters become one hyphen.
#[must_use]
pub fn slug(id: &str) -> String {
    let mut slug = String::new();
    for character in id.chars().map(|character| character.to_ascii_lowercase()) {
        if slug.len() == SLUG_CHARACTERS {
            break;
        }
        if character.is_ascii_alphanumeric() {
            slug.push(character);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(slug.trim_end_matches('-').len());
    slug
}

/// Whether [`answer_name`] could have produced this name; other files in the directory are not answers.
#[must_use]
pub fn is_answer_name(name: &[u8]) -> bool {
    let pattern = b"00000000T000000.000000Z-";
    let timed = name.len() > pattern.len()
        && pattern.iter().zip(name).all(|(wanted, is)| match wanted {
            b'0' => is.is_ascii_digit(),
            wanted => wanted == is,
        });
    let rest = name
        .get(pattern.len()..)
        .and_then(|rest| rest.strip_suffix(b".json"));
    timed
        && rest.is_some_and(|rest| {
            let hex = rest.rsplit(|byte| *byte == b'-').next().unwrap_or_default();
            hex.len() == 8 && hex.iter().all(u8::is_ascii_hexdigit) && !rest.contains(&b'/')
        })
}

/// Write an answer under its name.
///
/// # Errors
///
/// The name is not one of an answer; `AlreadyExists`; an I/O error.
pub fn deliver_answer(directory: &Path, name: &str, data: &[u8]) -> Result<()> {
    checked(name)?;
    let open = Directory::open(directory)?;
    create_new(directory, name, data)?;
    open.sync()
}

/// List the answers that were not taken, by time; empty when the directory is missing.
///
/// # Errors
///
/// The directory cannot be listed.
pub fn list_answers(
    directory: &Path,
    limit: Option<usize>,
    newest_first: bool,
) -> Result<Vec<AnswerFile>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let open = Directory::open(directory)?;
    let mut names = answer_names(&open, |_| true)?;
    if newest_first {
        names.reverse();
    }
    let mut answers = Vec::new();
    for name in names {
        if limit.is_some_and(|limit| answers.len() >= limit) {
            break;
        }
        if let Some(stat) = open.stat(name.as_bytes())?.filter(|stat| stat.is_file) {
            answers.push(AnswerFile {
                name,
                size: stat.size,
                mtime_ns: stat.mtime_ns,
            });
        }
    }
    Ok(answers)
}

/// Names of answers that match, oldest first.
pub(crate) fn answer_names(open: &Directory, passes: impl Fn(&str) -> bool) -> Result<Vec<String>> {
    let mut names = Vec::new();
    open.for_each_entry(|name, kind| {
        if kind != Kind::Other
            && is_answer_name(name)
            && let Ok(name) = std::str::from_utf8(name)
            && passes(name)
        {
            names.push(name.to_owned());
        }
        true
    })?;
    names.sort_unstable();
    Ok(names)
}

/// Read answers without taking them; missing ones are skipped.
///
/// # Errors
///
/// A name is not one of an answer; a file cannot be read.
pub fn read_answers(directory: &Path, names: &[String]) -> Result<Vec<(String, Vec<u8>)>> {
    if !directory.is_dir() {
        return Ok(Vec::new());
    }
    let open = Directory::open(directory)?;
    let mut buffer = Vec::new();
    let mut answers = Vec::new();
    for name in names {
        checked(name)?;
        if let Contents::Whole(stat) = open.read(name.as_bytes(), ANSWER_BYTES, &mut buffer, 0)? {
            let size = usize::try_from(stat.size).unwrap_or(0);
            answers.push((name.clone(), buffer[..size].to_vec()));
        }
    }
    Ok(answers)
}

/// Take answers: each is moved to `taken/`, and only the reader whose rename succeeds gets it.
///
/// # Errors
///
/// A name is not one of an answer; an I/O error. What was taken before the error is in `taken/`.
pub fn take_answers(directory: &Path, names: &[String]) -> Result<Vec<(String, Vec<u8>)>> {
    let taken = directory.join(TAKEN);
    create_private_dir(&taken)?;
    let mut won = Vec::new();
    for name in names {
        checked(name)?;
        match std::fs::rename(directory.join(name), taken.join(name)) {
            Ok(()) => won.push(name.clone()),
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => return Err(error).with_path(directory.join(name)),
        }
    }
    read_answers(&taken, &won)
}

fn checked(name: &str) -> Result<()> {
    if is_answer_name(name.as_bytes()) {
        return Ok(());
    }
    Err(Error::InvalidArgument(format!(
        "{name:?} is not the name of an answer file"
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const AT: i64 = 1_795_455_672_123_456;

    #[test]
    fn a_name_has_time_slug_and_token() {
        let rows = [
            (
                Some("Build #42: käse"),
                "20261123T174112.123456Z-build-42-k-se-0000002a.json",
            ),
            (
                Some("../../etc"),
                "20261123T174112.123456Z-etc-0000002a.json",
            ),
            (Some("日本"), "20261123T174112.123456Z-0000002a.json"),
            (None, "20261123T174112.123456Z-0000002a.json"),
        ];
        for (id, expected) in rows {
            assert_eq!(answer_name(id, AT, 42), expected);
        }
    }

    #[test]
    fn only_answers_are_listed_newest_first_r25() {
        let home = tempfile::tempdir().unwrap();
        for (offset, id) in [(0, "a"), (2, "c"), (1, "b")] {
            deliver_answer(home.path(), &answer_name(Some(id), AT + offset, 1), b"{}").unwrap();
        }
        for other in [
            "state.json",
            "mode.json",
            ".20261123T174112.123456Z-x-00000001.json",
            "bridge_state.json",
        ] {
            std::fs::write(home.path().join(other), "{}").unwrap();
        }
        std::fs::create_dir(home.path().join(answer_name(Some("dir"), AT, 1))).unwrap();
        let ids = |limit| -> Vec<String> {
            let listed = list_answers(home.path(), limit, true).unwrap();
            listed
                .iter()
                .map(|answer| answer.name[24..25].to_owned())
                .collect()
        };
        assert_eq!(ids(None), ["c", "b", "a"]);
        assert_eq!(ids(Some(2)), ["c", "b"]);
    }

    #[test]
    fn an_answer_is_never_overwritten_and_taken_once_r21_r26() {
        let home = tempfile::tempdir().unwrap();
        let name = answer_name(Some("e"), AT, 1);
        deliver_answer(home.path(), &name, b"yes").unwrap();
        assert!(deliver_answer(home.path(), &name, b"no").is_err());
        assert_eq!(
            read_answers(home.path(), std::slice::from_ref(&name)).unwrap(),
            [(name.clone(), b"yes".to_vec())]
        );
        assert_eq!(
            take_answers(home.path(), std::slice::from_ref(&name)).unwrap(),
            [(name.clone(), b"yes".to_vec())]
        );
        assert_eq!(
            take_answers(home.path(), std::slice::from_ref(&name)).unwrap(),
            []
        );
        assert!(list_answers(home.path(), None, true).unwrap().is_empty());
        assert!(home.path().join(TAKEN).join(name).is_file());
    }

    proptest! {
        #[test]
        fn each_name_is_one_of_an_answer(id in any::<Option<String>>(), at in 0_i64..253_402_300_800_000_000, token: u32) {
            let name = answer_name(id.as_deref(), at, token);
            prop_assert!(is_answer_name(name.as_bytes()), "{name}");
            prop_assert!(name.len() <= 24 + 41 + 8 + 5);
        }

        #[test]
        fn slugs_hold_only_what_every_file_system_takes(id in "\\PC{0,120}") {
            let slug = slug(&id);
            prop_assert!(slug.len() <= 40);
            prop_assert!(slug.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'));
        }
    }
}
