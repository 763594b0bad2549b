//! The one form of a `pattern` that definitions may use: `^[...]+$`, a class of characters.

/// The characters of a pattern `^[...]+$`, the one form of a pattern that is understood.
pub fn class(pattern: &str) -> Option<&str> {
    pattern
        .strip_prefix("^[")?
        .strip_suffix("]+$")
        .filter(|class| !class.contains(['\\', '^', '[']))
}

/// Whether the class, as in `a-z0-9_`, has the character.
pub fn is_in(class: &str, one: char) -> bool {
    let members: Vec<char> = class.chars().collect();
    let mut rest = members.as_slice();
    while let [first, others @ ..] = rest {
        if let ['-', last, after @ ..] = others {
            if (*first..=*last).contains(&one) {
                return true;
            }
            rest = after;
        } else {
            if *first == one {
                return true;
            }
            rest = others;
        }
    }
    false
}
