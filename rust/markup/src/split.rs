//! Splitting of a long text into messages.
//!
//! Nothing is dropped except blanks that would make a message of their own. Cuts fall, in this order of
//! preference, between paragraphs, lines, words and user-perceived characters, and not within an entity that fits
//! into one message if there is another way. Time is linear in the text.

use unicode_segmentation::UnicodeSegmentation;

use crate::entity::Entity;
use crate::entity_rules::{in_order, in_units, trimmed};
use crate::markdown::Marked;
use crate::utf16::units_to_bytes;

/// What one message may hold.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Maximum number of UTF-16 units, at least 2 (one character may take two).
    pub units: usize,
    /// Maximum number of entities, at least 1.
    pub entities: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            units: 4096,
            entities: 100,
        }
    }
}

/// Split `text` and its entities (in UTF-16 units, in any order) into parts within `limits`.
///
/// Each part has visible text, so a blank text has no parts. An entity that is cut continues in the next part.
/// Where more than `limits.entities` entities overlap at one position, the inner ones are dropped.
#[must_use]
pub fn split(text: &str, entities: &[Entity], limits: Limits) -> Vec<Marked> {
    let limits = Limits {
        units: limits.units.max(2),
        entities: limits.entities.max(1),
    };
    let marks = in_bytes(text, entities, limits.units);
    let mut parts = Vec::new();
    let (mut at, mut next) = (0, 0);
    let mut open: Vec<&Mark> = Vec::new();
    while at < text.len() {
        open.retain(|mark| mark.entity.end() > at);
        let window = window(text, at, &marks[next..], open.len(), limits);
        let mut here = open.clone();
        here.extend(
            marks[next..]
                .iter()
                .take_while(|mark| mark.entity.offset < window),
        );
        let cut = if window == text.len() {
            window
        } else {
            cut(text, at, window, &here)
        };
        if !blank(&text[at..cut]) {
            parts.push(part(text, at, cut, &here, limits.entities));
        }
        let begun = marks[next..]
            .iter()
            .take_while(|mark| mark.entity.offset < cut)
            .count();
        open.extend(&marks[next..next + begun]);
        next += begun;
        at = cut;
    }
    parts
}

/// An entity in bytes; `fits`: it fits into one part.
struct Mark {
    entity: Entity,
    fits: bool,
}

fn in_bytes(text: &str, entities: &[Entity], units: usize) -> Vec<Mark> {
    let mut starts: Vec<usize> = entities.iter().map(|entity| entity.offset).collect();
    let mut ends: Vec<usize> = entities
        .iter()
        .map(|entity| entity.offset.saturating_add(entity.length))
        .collect();
    units_to_bytes(
        text,
        &mut starts.iter_mut().chain(ends.iter_mut()).collect::<Vec<_>>(),
    );
    let mut marks: Vec<Mark> = entities
        .iter()
        .zip(starts.into_iter().zip(ends))
        .filter(|(_, (start, end))| start < end)
        .map(|(entity, (start, end))| Mark {
            fits: entity.length <= units,
            entity: Entity {
                offset: start,
                length: end - start,
                ..entity.clone()
            },
        })
        .collect();
    marks.sort_by_key(|mark| {
        (
            mark.entity.offset,
            std::cmp::Reverse(mark.entity.end()),
            mark.entity.kind,
        )
    });
    marks
}

/// The furthest end of a part that starts at `at`, by units and number of entities.
fn window(text: &str, at: usize, marks: &[Mark], open: usize, limits: Limits) -> usize {
    let mut units = 0;
    let fits = text[at..].char_indices().find(|(_, letter)| {
        units += letter.len_utf16();
        units > limits.units
    });
    let end = fits.map_or(text.len(), |(place, _)| at + place);
    let spare = limits.entities.saturating_sub(open);
    match marks[spare.min(marks.len())..]
        .iter()
        .find(|mark| mark.entity.offset > at)
    {
        Some(mark) => end.min(mark.entity.offset),
        None => end,
    }
}

/// Where to cut within `at..=window`: after `at`, preferably near `window`.
fn cut(text: &str, at: usize, window: usize, marks: &[&Mark]) -> usize {
    let mut held: Vec<(usize, usize)> = marks
        .iter()
        .filter(|mark| mark.fits && mark.entity.end() > at)
        .map(|mark| (mark.entity.offset.max(at), mark.entity.end()))
        .collect();
    held.dedup_by(|next, last| {
        let inside = next.0 < last.1;
        if inside {
            last.1 = last.1.max(next.1);
        }
        inside
    });
    let free = |place: usize| {
        let before = held.partition_point(|&(start, _)| start < place);
        before == 0 || held[before - 1].1 <= place
    };
    let half = at + (window - at) / 2;
    let chunk = &text[at..window];
    let after = |pattern: &str, least: usize, whole: bool| {
        let found = chunk
            .rmatch_indices(pattern)
            .map(|(place, _)| at + place + pattern.len());
        found
            .take_while(|&place| place > least)
            .find(|&place| !whole || free(place))
    };
    let word = |least: usize, whole: bool| {
        let found = chunk
            .char_indices()
            .rev()
            .filter(|(_, letter)| letter.is_whitespace());
        let found = found.map(|(place, letter)| at + place + letter.len_utf8());
        found
            .take_while(|&place| place > least)
            .find(|&place| !whole || free(place))
    };
    let edge = || {
        held.iter()
            .rev()
            .map(|&(start, _)| start)
            .find(|&start| start > at)
    };
    let readable = |place: &usize| !blank(&text[at..*place]);
    let letters = at + whole_letters(chunk, &text[window..]);
    after("\n\n", half, true)
        .or_else(|| after("\n", half, true))
        .or_else(|| word(half, true))
        .or_else(|| free(letters).then_some(letters))
        // The end is within an entity that fits into the next part: end before it.
        .or_else(|| {
            after("\n", at, true)
                .or_else(|| word(at, true))
                .filter(readable)
        })
        .or_else(|| edge().filter(readable))
        .or_else(|| after("\n", half, false))
        .or_else(|| word(half, false))
        .unwrap_or(letters)
}

/// Length of `chunk` up to the last boundary between user-perceived characters.
fn whole_letters(chunk: &str, behind: &str) -> usize {
    // Only the end matters; a longer character is torn.
    const LONGEST: usize = 256;
    let mut start = chunk.len().saturating_sub(LONGEST);
    while !chunk.is_char_boundary(start) {
        start += 1;
    }
    let next: String = behind.chars().take(1).collect();
    let tail = format!("{}{next}", &chunk[start..]);
    let last = tail
        .grapheme_indices(true)
        .map(|(place, _)| place)
        .take_while(|&place| place <= chunk.len() - start)
        .last();
    match last {
        Some(place) if place > 0 => start + place,
        _ => chunk.len(),
    }
}

/// Whether Telegram considers `text` blank.
fn blank(text: &str) -> bool {
    text.chars()
        .all(|letter| letter.is_whitespace() || crate::visible::is_invisible(letter))
}

fn part(text: &str, at: usize, cut: usize, marks: &[&Mark], limit: usize) -> Marked {
    let text = &text[at..cut];
    let mut entities: Vec<Entity> = marks
        .iter()
        .filter(|mark| mark.entity.offset < cut && mark.entity.end() > at)
        .filter_map(|mark| {
            let offset = mark.entity.offset.max(at);
            let length = mark.entity.end().min(cut) - offset;
            trimmed(
                text,
                Entity {
                    offset: offset - at,
                    length,
                    ..mark.entity.clone()
                },
            )
        })
        .collect();
    entities.truncate(limit);
    in_units(text, &mut entities);
    in_order(&mut entities);
    Marked {
        text: text.to_owned(),
        entities,
    }
}
