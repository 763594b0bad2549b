//! Times: RFC 3339 from and to microseconds since the epoch, and the compact form that starts file names.

use std::time::{SystemTime, UNIX_EPOCH};

/// How far ahead of the clock an event may be dated, in microseconds: 24 hours.
pub const FUTURE_LIMIT_US: i64 = 24 * 3_600 * 1_000_000;

/// The current time, in microseconds since the epoch.
#[must_use]
pub fn now_us() -> i64 {
    from_system(SystemTime::now())
}

/// A system time in microseconds since the epoch; 0 for times before it that do not fit.
#[must_use]
pub fn from_system(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(0, |us| -us),
    }
}

/// Parse an RFC 3339 time with its zone, from year 1 on; digits beyond microseconds are dropped.
#[must_use]
pub fn parse(text: &str) -> Option<i64> {
    let (head, mut rest) = text.as_bytes().split_first_chunk::<19>()?;
    let [
        y1,
        y2,
        y3,
        y4,
        b'-',
        o1,
        o2,
        b'-',
        d1,
        d2,
        b'T' | b't' | b' ',
        h1,
        h2,
        b':',
        m1,
        m2,
        b':',
        s1,
        s2,
    ] = head
    else {
        return None;
    };
    let (year, month, day) = (
        two(*y1, *y2)? * 100 + two(*y3, *y4)?,
        two(*o1, *o2)?,
        two(*d1, *d2)?,
    );
    let (hour, minute, second) = (two(*h1, *h2)?, two(*m1, *m2)?, two(*s1, *s2)?);
    // A leap second, 23:59:60, is valid and read as the second before it.
    let in_range = (1..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second <= 60;
    if !in_range {
        return None;
    }
    let mut micros = 0;
    if let [b'.', fraction @ ..] = rest {
        let mut weight = 1_000_000;
        rest = fraction;
        while let [digit @ b'0'..=b'9', behind @ ..] = rest {
            weight /= 10;
            micros += i64::from(digit - b'0') * weight;
            rest = behind;
        }
        if rest.len() == fraction.len() {
            return None;
        }
    }
    let offset_minutes = match rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), h1, h2, b':', m1, m2] => {
            let (hours, minutes) = (two(*h1, *h2)?, two(*m1, *m2)?);
            if hours > 23 || minutes > 59 {
                return None;
            }
            (hours * 60 + minutes) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    let minutes = days_from_epoch(year, month, day) * 1_440 + hour * 60 + minute - offset_minutes;
    Some((minutes * 60 + second.min(59)) * 1_000_000 + micros)
}

/// The value of two digits.
fn two(tens: u8, ones: u8) -> Option<i64> {
    let (tens, ones) = (tens.wrapping_sub(b'0'), ones.wrapping_sub(b'0'));
    (tens < 10 && ones < 10).then(|| i64::from(10 * tens + ones))
}

/// Format a time as it starts file names: `20261123T174112.123456Z`. Years 0 to 9999 sort by time.
#[must_use]
pub fn compact(at_us: i64) -> String {
    let (seconds, micros) = (at_us.div_euclid(1_000_000), at_us.rem_euclid(1_000_000));
    let (days, rest) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    let (year, month, day) = date_from_days(days);
    let (hour, minute, second) = (rest / 3_600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}.{micros:06}Z")
}

/// Format a time as RFC 3339 in UTC with microseconds.
#[must_use]
pub fn rfc3339(at_us: i64) -> String {
    let compact = compact(at_us);
    let (date, time) = compact.split_once('T').unwrap_or((&compact, ""));
    let cut = date.len() - 4;
    let (year, month, day) = (&date[..cut], &date[cut..cut + 2], &date[cut + 2..]);
    format!(
        "{year}-{month}-{day}T{}:{}:{}",
        &time[..2],
        &time[2..4],
        &time[4..]
    )
}

const fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

const fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days since 1970-01-01 of a civil date (Howard Hinnant, "chrono-compatible date algorithms").
const fn days_from_epoch(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_epoch`].
const fn date_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_index = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * month_index + 2) / 5 + 1;
    let month = if month_index < 10 {
        month_index + 3
    } else {
        month_index - 9
    };
    let year = year_of_era + era * 400 + if month <= 2 { 1 } else { 0 };
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_with_a_zone_are_read() {
        let rows = [
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-23T17:41:12.123456Z", 1_795_455_672_123_456),
            ("2026-11-23T18:41:12.123456789+01:00", 1_795_455_672_123_456),
            ("2026-11-23t17:41:12.1z", 1_795_455_672_100_000),
            ("2016-12-31T23:59:60Z", 1_483_228_799_000_000),
            ("2000-02-29 00:00:00-00:30", 951_784_200_000_000),
        ];
        for (text, expected) in rows {
            assert_eq!(parse(text), Some(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_or_has_no_zone_is_refused() {
        for text in [
            "",
            "yesterday",
            "2026-11-23",
            "2026-11-23T17:41:12",
            "2026-13-01T00:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T00:00:00Zjunk",
            "2026-01-01T00:00:00+1:00",
            "0000-01-01T00:00:00Z",
            "2026-01-01T00:00:00+24:00",
            "２０２６-01-01T00:00:00Z",
            "1795455672",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn a_time_written_is_the_time_read(at in -62_135_596_800_000_000_i64..253_402_300_800_000_000) {
            prop_assert_eq!(parse(&rfc3339(at)), Some(at));
        }

        #[test]
        fn names_sort_by_time(a in 0_i64..253_402_300_800_000_000, b in 0_i64..253_402_300_800_000_000) {
            prop_assert_eq!(a.cmp(&b), compact(a).cmp(&compact(b)));
        }

        #[test]
        fn no_text_is_too_odd(text in "\\PC{0,40}") {
            let _ = parse(&text);
        }
    }
}
