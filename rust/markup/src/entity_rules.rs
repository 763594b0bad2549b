//! The rules of Telegram for entities: code contains nothing and is part of no style; a quotation contains no
//! quotation, a link no link and no code; nothing is marked twice; no entity is empty or has blanks at its ends.

use crate::entity::{Entity, Kind};
use crate::utf16::bytes_to_units;

/// Apply the rules to entities in bytes; the result is in UTF-16 units and in order.
///
/// The entities must be nested or disjoint, as the parser returns them.
pub(crate) fn apply(text: &str, mut entities: Vec<Entity>) -> Vec<Entity> {
    in_order(&mut entities);
    let mut kept: Vec<Entity> = Vec::with_capacity(entities.len());
    // How far each type reaches so far: a start before that is inside one.
    let mut reach = Reach::default();
    for entity in entities {
        let start = entity.offset;
        let refused = match entity.kind {
            kind if kind.is_quote() => start < reach.quote,
            Kind::TextLink | Kind::Pre | Kind::Code => start < reach.link || start < reach.code,
            kind => start < reach.style(kind) || start < reach.code,
        };
        if !refused {
            reach.note(entity.kind, entity.end());
            kept.push(entity);
        }
    }
    let code: Vec<(usize, usize)> = kept
        .iter()
        .filter(|entity| entity.kind.is_code())
        .map(|entity| (entity.offset, entity.end()))
        .collect();
    let mut whole = Vec::with_capacity(kept.len());
    for entity in kept {
        if entity.kind.is_code() || entity.kind.is_quote() || entity.kind == Kind::TextLink {
            whole.push(entity);
        } else {
            around(entity, &code, &mut whole);
        }
    }
    let mut entities: Vec<Entity> = whole
        .into_iter()
        .filter_map(|entity| trimmed(text, entity))
        .collect();
    in_order(&mut entities);
    // A quotation that starts with code starts with the code's indentation.
    for place in 1..entities.len() {
        let (before, after) = entities.split_at_mut(place);
        if let (Some(code), Some(quote)) = (before.last(), after.first_mut())
            && quote.kind.is_quote()
            && quote.offset < code.end()
        {
            quote.length += quote.offset - code.offset;
            quote.offset = code.offset;
        }
    }
    in_order(&mut entities);
    in_units(text, &mut entities);
    entities
}

/// Sort by position, outer before inner.
pub(crate) fn in_order(entities: &mut [Entity]) {
    entities.sort_by_key(|entity| (entity.offset, std::cmp::Reverse(entity.end()), entity.kind));
}

/// Convert entities from bytes to UTF-16 units.
pub(crate) fn in_units(text: &str, entities: &mut [Entity]) {
    let mut ends: Vec<usize> = entities.iter().map(Entity::end).collect();
    let mut places: Vec<&mut usize> = entities
        .iter_mut()
        .map(|entity| &mut entity.offset)
        .collect();
    places.extend(ends.iter_mut());
    bytes_to_units(text, &mut places);
    for (entity, end) in entities.iter_mut().zip(ends) {
        entity.length = end - entity.offset;
    }
}

/// An entity without the blanks at its ends; `None` when it is blank. Code keeps its indentation.
pub(crate) fn trimmed(text: &str, mut entity: Entity) -> Option<Entity> {
    let inside = text.get(entity.offset..entity.end())?;
    let end = inside.trim_end();
    let start = if entity.kind == Kind::Pre {
        end.trim_start_matches(['\n', '\r'])
    } else {
        end.trim_start()
    };
    if start.trim().is_empty() {
        return None;
    }
    entity.offset += end.len() - start.len();
    entity.length = start.len();
    Some(entity)
}

#[derive(Default)]
struct Reach {
    quote: usize,
    link: usize,
    code: usize,
    styles: [usize; 5],
}

impl Reach {
    fn slot(kind: Kind) -> usize {
        match kind {
            Kind::Bold => 0,
            Kind::Italic => 1,
            Kind::Underline => 2,
            Kind::Strikethrough => 3,
            _ => 4,
        }
    }

    fn style(&self, kind: Kind) -> usize {
        self.styles[Self::slot(kind)]
    }

    fn note(&mut self, kind: Kind, end: usize) {
        let place = match kind {
            Kind::Blockquote | Kind::ExpandableBlockquote => &mut self.quote,
            Kind::TextLink => &mut self.link,
            Kind::Pre | Kind::Code => &mut self.code,
            _ => &mut self.styles[Self::slot(kind)],
        };
        *place = end.max(*place);
    }
}

/// Split a style around the code within it.
fn around(entity: Entity, code: &[(usize, usize)], pieces: &mut Vec<Entity>) {
    let (mut start, end) = (entity.offset, entity.end());
    let first = code.partition_point(|&(_, code_end)| code_end <= start);
    for &(code_start, code_end) in code[first..]
        .iter()
        .take_while(|&&(code_start, _)| code_start < end)
    {
        if code_start > start {
            pieces.push(Entity {
                offset: start,
                length: code_start - start,
                ..entity.clone()
            });
        }
        start = code_end;
    }
    if start < end {
        pieces.push(Entity {
            offset: start,
            length: end - start,
            ..entity
        });
    }
}
