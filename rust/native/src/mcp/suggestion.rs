//! Suggestions for misspelled names.

/// `; did you mean "title"?` if one of `known` is similar enough to `word`, else empty.
pub fn suggestion<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let nearest = known.map(|name| (distance(word, name), name)).min();
    match nearest {
        Some((distance, name)) if distance <= allowance(name) => {
            format!("; did you mean {name:?}?")
        }
        _ => String::new(),
    }
}

/// Maximum number of edits of a typo; two transposed letters count as two.
fn allowance(name: &str) -> usize {
    match name.chars().count() {
        0..=3 => 1,
        count => 2.max(count / 3),
    }
}

/// Edit distance (insert, remove, replace).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, from) in one.chars().enumerate() {
        let mut diagonal = index;
        row[0] = index + 1;
        for (column, to) in other.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[column + 1];
            row[column + 1] = replaced.min(row[column] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}
