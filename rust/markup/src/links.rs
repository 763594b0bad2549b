//! Links and images: which become links, and which of their parts are shown as text.

use std::ops::Range;

use pulldown_cmark::LinkType;

use crate::edits::{Source, Span};
use crate::entity::Kind;
use crate::url::is_link;

/// A link or image that has not ended yet.
pub(crate) struct OpenLink {
    pub kind: LinkType,
    pub address: String,
    /// Its text, from its start to the end of its last element so far.
    pub text: Range<usize>,
}

impl OpenLink {
    /// Remove the markup that the entity replaces. `inner`: it is within another link and cannot be a link
    /// itself.
    pub fn close(self, source: &mut Source<'_>, range: &Range<usize>, inner: bool) -> Option<Span> {
        let Self {
            kind,
            address,
            text,
        } = self;
        let links = !inner && is_link(&address);
        match kind {
            LinkType::Inline => {
                let tail = source.get(text.end..range.end);
                let bracket = tail.len() - tail.trim_start().len();
                let inside = tail[bracket..]
                    .strip_prefix("](")
                    .and_then(|rest| rest.strip_suffix(')'))?;
                if source.get(text.clone()).trim().is_empty() {
                    return None;
                }
                source.drop(range.start..text.start);
                let target = text.end + bracket + 2;
                let (written, behind) = destination(inside);
                let (written, title) = (
                    target + written.start..target + written.end,
                    target + behind,
                );
                if links && source.drop_shown(written.clone(), &address) {
                    source.drop(text.end..written.start);
                    source.replace(
                        written.end..title,
                        if title < range.end - 1 { " " } else { "" },
                    );
                    source.drop(range.end - 1..range.end);
                } else {
                    source.replace(target - 2..target, " (");
                }
                links.then_some((Kind::TextLink, text, Some(address)))
            }
            LinkType::Autolink if links => {
                source.drop(range.start..range.start + 1);
                source.drop(range.end - 1..range.end);
                Some((
                    Kind::TextLink,
                    range.start + 1..range.end - 1,
                    Some(address),
                ))
            }
            // The definition stays in the text, and so does the label that refers to it.
            LinkType::Reference | LinkType::Collapsed | LinkType::Shortcut => {
                links.then_some((Kind::TextLink, text, Some(address)))
            }
            _ => None,
        }
    }
}

/// Between a link's parentheses: the range of its address, and where its title starts.
fn destination(inside: &str) -> (Range<usize>, usize) {
    let start = inside.len() - inside.trim_start().len();
    let rest = &inside[start..];
    let end = if rest.starts_with('<') {
        let mut escaped = false;
        let close = rest.char_indices().find(|&(_, letter)| {
            let found = letter == '>' && !escaped;
            escaped = letter == '\\' && !escaped;
            found
        });
        start + close.map_or(rest.len(), |(place, _)| place + 1)
    } else {
        start + rest.find(char::is_whitespace).unwrap_or(rest.len())
    };
    let behind = inside[end..].trim_start();
    (start..end, inside.len() - behind.len())
}
