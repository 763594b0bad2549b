//! The only form of `pattern` that definitions may use: `^[...]+$`, a character class.

/// The character class of a pattern `^[...]+$`.
pub fn class(pattern: &str) -> Option<&str> {
    pattern
        .strip_prefix("^[")?
        .strip_suffix("]+$")
        .filter(|class| !class.contains(['\\', '^', '[']))
}

/// Whether a class such as `a-z0-9_` contains the character.
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
