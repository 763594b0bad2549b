//! Which files of a directory a policy applies to.

use crate::answers::is_answer_name;
use crate::directory::Stat;
use crate::error::{Error, Result};
use crate::listing::file_format;
use globset::{Candidate, GlobBuilder, GlobSet, GlobSetBuilder};

/// What a directory is for; files with other names are never removed, whatever the globs say.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Names {
    /// Any name.
    Any,
    /// Answer files, and nothing else that lies beside them: `responses/` may be a shared directory.
    Answers,
    /// Names that end in `.tmp`, which crashed writers leave behind; never what the inbox reads.
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

/// Globs for names, and the definition of age.
#[derive(Debug)]
pub struct Scope {
    include: Option<GlobSet>,
    exclude: GlobSet,
    by_content: bool,
    names: Names,
}

impl Scope {
    /// Files whose name matches one of `include` (any, if it is empty) and none of `exclude`.
    ///
    /// A file is as old as its last change of any kind: moving an answer to another directory counts as a change.
    /// With `by_content`, only changes of the content count.
    ///
    /// # Errors
    ///
    /// A glob is invalid.
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

    /// Whether a file of this name may be removed.
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
