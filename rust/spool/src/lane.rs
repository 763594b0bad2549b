//! Severity, priority and lane: the legal words and the one rule that joins them.

/// How bad it is, from `data.severity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Good to know.
    Low,
    /// The usual.
    Medium,
    /// A person should look soon.
    High,
    /// A person should look now.
    Critical,
}

impl Severity {
    /// The legal words, for messages.
    pub const WORDS: &str = "low, medium, high, critical";

    /// Read one of the legal words.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "low" => Some(Self::Low),
            "medium" => Some(Self::Medium),
            "high" => Some(Self::High),
            "critical" => Some(Self::Critical),
            _ => None,
        }
    }

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Critical => "critical",
        }
    }
}

/// How soon it wants to be seen, from `data.priority`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Whenever.
    Low,
    /// The usual; `medium` is read as this.
    Normal,
    /// Before others.
    High,
    /// Now; `critical` is read as this.
    Urgent,
}

impl Priority {
    /// The legal words, for messages.
    pub const WORDS: &str = "low, normal, high, urgent";

    /// Read one of the legal words, or of their two synonyms.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "low" => Some(Self::Low),
            "normal" | "medium" => Some(Self::Normal),
            "high" => Some(Self::High),
            "urgent" | "critical" => Some(Self::Urgent),
            _ => None,
        }
    }
}

/// The queue an event waits in; lower goes first. The numbers are stored: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Lane {
    /// Questions to a person, and what cannot wait.
    Decisions = 0,
    /// Failures and alerts.
    Alerts = 1,
    /// All else.
    Ordinary = 2,
    /// Progress, which a later one replaces.
    Progress = 3,
}

impl Lane {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Alerts => "alerts",
            Self::Ordinary => "ordinary",
            Self::Progress => "progress",
        }
    }

    /// Raise the lane of a type by what the event itself says; nothing lowers it.
    #[must_use]
    pub fn raised(self, severity: Option<Severity>, priority: Option<Priority>) -> Self {
        let own = match (severity, priority) {
            (Some(Severity::Critical), _) | (_, Some(Priority::Urgent)) => Self::Decisions,
            (Some(Severity::High), _) | (_, Some(Priority::High)) => Self::Alerts,
            _ => Self::Progress,
        };
        self.min(own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_event_says_raises_its_lane_and_never_lowers_it() {
        use Lane::{Alerts, Decisions, Ordinary, Progress};
        let rows = [
            (Ordinary, None, None, Ordinary),
            (
                Progress,
                Some(Severity::Medium),
                Some(Priority::Normal),
                Progress,
            ),
            (Ordinary, Some(Severity::High), None, Alerts),
            (Ordinary, None, Some(Priority::High), Alerts),
            (Progress, Some(Severity::Critical), None, Decisions),
            (
                Ordinary,
                Some(Severity::Low),
                Some(Priority::Urgent),
                Decisions,
            ),
            (
                Decisions,
                Some(Severity::Low),
                Some(Priority::Low),
                Decisions,
            ),
            (Alerts, Some(Severity::Low), None, Alerts),
        ];
        for (lane, severity, priority, expected) in rows {
            assert_eq!(
                lane.raised(severity, priority),
                expected,
                "{lane:?} {severity:?} {priority:?}"
            );
        }
    }

    #[test]
    fn the_two_synonyms_of_priority_are_read() {
        assert_eq!(Priority::parse("medium"), Some(Priority::Normal));
        assert_eq!(Priority::parse("critical"), Some(Priority::Urgent));
        assert_eq!(Priority::parse("High"), None);
    }
}
