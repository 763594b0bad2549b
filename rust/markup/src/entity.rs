//! Entities, as the `MessageEntity` of the Bot API.

/// Type of an entity; only the types that this product writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A block quotation.
    Blockquote,
    /// A block quotation that is collapsed until it is tapped.
    ExpandableBlockquote,
    /// Text that opens the address in [`Entity::value`].
    TextLink,
    /// A code block; [`Entity::value`] is its language.
    Pre,
    /// Inline code.
    Code,
    /// Bold text.
    Bold,
    /// Italic text.
    Italic,
    /// Underlined text.
    Underline,
    /// Text struck through.
    Strikethrough,
    /// Text hidden until it is tapped.
    Spoiler,
}

/// Each type with its name in the Bot API.
const WORDS: [(Kind, &str); 10] = [
    (Kind::Blockquote, "blockquote"),
    (Kind::ExpandableBlockquote, "expandable_blockquote"),
    (Kind::TextLink, "text_link"),
    (Kind::Pre, "pre"),
    (Kind::Code, "code"),
    (Kind::Bold, "bold"),
    (Kind::Italic, "italic"),
    (Kind::Underline, "underline"),
    (Kind::Strikethrough, "strikethrough"),
    (Kind::Spoiler, "spoiler"),
];

impl Kind {
    /// Name of the type in the Bot API.
    #[must_use]
    pub fn word(self) -> &'static str {
        WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    /// The type of a name in the Bot API.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(kind, _)| *kind)
    }

    /// All names, for error messages.
    #[must_use]
    pub fn words() -> [&'static str; 10] {
        WORDS.map(|(_, word)| word)
    }

    /// Whether it is a quotation, which cannot contain another one.
    pub(crate) fn is_quote(self) -> bool {
        matches!(self, Self::Blockquote | Self::ExpandableBlockquote)
    }

    /// Whether it is code, which can neither contain nor be part of a style.
    pub(crate) fn is_code(self) -> bool {
        matches!(self, Self::Pre | Self::Code)
    }
}

/// An entity: type, position, and the address or language that belongs to it.
///
/// In the public interface `offset` and `length` are UTF-16 units; inside this crate they are bytes until the
/// last step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// Its type.
    pub kind: Kind,
    /// Its start.
    pub offset: usize,
    /// Its length, at least 1.
    pub length: usize,
    /// Address of a link, language of a code block.
    pub value: Option<String>,
}

impl Entity {
    /// The first position after it.
    #[must_use]
    pub fn end(&self) -> usize {
        self.offset + self.length
    }
}
