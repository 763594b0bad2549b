//! Which files of a directory a policy is about.

use crate::answers::is_answer_name;
use crate::directory::Stat;
use crate::error::{Error, Result};
use crate::listing::file_format;
use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

/// What a directory is for: names of other kinds are never taken, whatever the globs say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Whatever lies in it.
    Any,
    /// Answers: a mode or a state among them is none (`responses/` may be anybody's directory).
    Answers,
    /// What ends in `.tmp`, which is what writers that crashed leave; never what the inbox reads.
    Temporary,
}

impl Names {
    fn has(self, name: &[u8]) -> bool {
        match self {
            Self::Any => true,
            Self::Answers => is_answer_name(name),
            Self::Temporary => name.ends_with(b".tmp") && file_format(name).is_none(),
        }
    }
}

/// Names by globs, and what counts as a file's age.
#[derive(Debug)]
pub struct Scope {
    include: Option<GlobSet>,
    exclude: GlobSet,
    by_content: bool,
    names: Names,
}

impl Scope {
    /// Files whose name fits one of `include` (any, when there is none) and none of `exclude`.
    ///
    /// A file is as old as its last change of any kind: who moved an answer to another directory yesterday
    /// did so yesterday. With `by_content` it is as old as its content.
    ///
    /// # Errors
    ///
    /// A glob that is none.
    pub fn new(
        include: &[String],
        exclude: &[String],
        by_content: bool,
        names: Names,
    ) -> Result<Self> {
        Ok(Self {
            include: if include.is_empty() {
                None
            } else {
                Some(globs(include)?)
            },
            exclude: globs(exclude)?,
            by_content,
            names,
        })
    }

    /// Whether a file of this name may be taken.
    #[must_use]
    pub fn has(&self, name: &[u8]) -> bool {
        if !self.names.has(name) {
            return false;
        }
        if self.include.is_none() && self.exclude.is_empty() {
            return true;
        }
        let name = Candidate::from_bytes(name);
        self.include
            .as_ref()
            .is_none_or(|globs| globs.is_match_candidate(&name))
            && !self.exclude.is_match_candidate(&name)
    }

    pub(super) fn changed_ns(&self, stat: Stat, ctime_ns: i64) -> i64 {
        if self.by_content {
            stat.mtime_ns
        } else {
            stat.mtime_ns.max(ctime_ns)
        }
    }
}

fn globs(patterns: &[String]) -> Result<GlobSet> {
    let asked = |error: globset::Error| Error::InvalidArgument(error.to_string());
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let glob = GlobBuilder::new(pattern)
            .literal_separator(true)
            .backslash_escape(true)
            .build();
        set.add(glob.map_err(asked)?);
    }
    set.build().map_err(asked)
}
