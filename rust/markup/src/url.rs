//! Which addresses may become links.

/// Maximum length of an address that Telegram keeps; a longer one is shown as text.
const LONGEST: usize = 2048;

/// Whether `address` may become a link: Telegram keeps it, and it leads where it appears to.
///
/// Only http and https. Telegram silently drops a link to a host without a dot (`http://localhost:3000`); an
/// address with a user name (`https://bank.com@evil.net`) leads elsewhere than it appears to. Both are shown as
/// text instead.
#[must_use]
pub fn is_link(address: &str) -> bool {
    let Some((scheme, rest)) = address.split_once("://") else {
        return false;
    };
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return false;
    }
    let odd = |letter: char| {
        letter.is_whitespace() || letter.is_control() || "<>\"\\^`{|}‹›".contains(letter)
    };
    if address.len() > LONGEST || address.contains(odd) {
        return false;
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = match authority.rsplit_once(':') {
        Some((host, port)) => {
            if port.is_empty() || port.len() > 5 || !port.bytes().all(|byte| byte.is_ascii_digit())
            {
                return false;
            }
            host
        }
        None => authority,
    };
    let labels = || host.split('.');
    labels().count() > 1
        && labels().all(|label| {
            !label.is_empty()
                && label
                    .chars()
                    .all(|letter| letter.is_alphanumeric() || letter == '-' || letter == '_')
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_is_http_to_a_host_with_a_dot_and_nothing_hidden() {
        let table = [
            ("https://example.org", true),
            ("http://example.org:8080/a?b=c#d", true),
            ("HTTPS://EXAMPLE.ORG/ä", true),
            ("https://münchen.example/x", true),
            ("https://127.0.0.1/x", true),
            ("http://localhost:3000/", false),
            ("https://bank.com@evil.net/", false),
            ("https://user:pw@evil.net/", false),
            ("https://example.org:99999999/", false),
            ("https://.org/", false),
            ("https:///path", false),
            ("https://example.org/a b", false),
            ("https://example.org/‹U+202E›", false),
            ("ftp://example.org", false),
            ("javascript:alert(1)", false),
            ("tg://resolve?domain=x", false),
            ("mailto:a@example.org", false),
            ("./src/main.rs", false),
            ("", false),
        ];
        for (address, expected) in table {
            assert_eq!(is_link(address), expected, "{address}");
        }
    }
}
