//! A mark on a text, as the Bot API's `MessageEntity` has it.

/// What a mark does to its text. Only the kinds that this product writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A block quotation.
    Blockquote,
    /// A block quotation that is folded until it is tapped.
    ExpandableBlockquote,
    /// Text that opens the address in [`Entity::value`].
    TextLink,
    /// A block of code; [`Entity::value`] is its language.
    Pre,
    /// Code within a line.
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

/// Each kind with its word in the Bot API.
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
    /// The word of the Bot API for this kind.
    #[must_use]
    pub fn word(self) -> &'static str {
        WORDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("", |(_, word)| word)
    }

    /// The kind a word of the Bot API stands for.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        WORDS
            .iter()
            .find(|(_, known)| *known == word)
            .map(|(kind, _)| *kind)
    }

    /// All words, for a message that says what is allowed.
    #[must_use]
    pub fn words() -> [&'static str; 10] {
        WORDS.map(|(_, word)| word)
    }

    /// Is this a quotation, which cannot hold another one?
    pub(crate) fn is_quote(self) -> bool {
        matches!(self, Self::Blockquote | Self::ExpandableBlockquote)
    }

    /// Is this code, which cannot hold or be part of a style?
    pub(crate) fn is_code(self) -> bool {
        matches!(self, Self::Pre | Self::Code)
    }
}

/// A mark: what, where, and the address or language that goes with it.
///
/// `offset` and `length` are UTF-16 units at this crate's surface; inside they are bytes until
/// the last step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// What the mark does.
    pub kind: Kind,
    /// Where it begins.
    pub offset: usize,
    /// How long it is; never 0.
    pub length: usize,
    /// The address of a link, the language of a block of code.
    pub value: Option<String>,
}

impl Entity {
    /// The first place behind the mark.
    #[must_use]
    pub fn end(&self) -> usize {
        self.offset + self.length
    }
}
