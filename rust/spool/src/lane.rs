//! Severity, priority and lane: their values, and the rule that combines them.

/// Severity, from `data.severity`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// For information.
    Low,
    /// The normal case.
    Medium,
    /// Needs attention soon.
    High,
    /// Needs attention now.
    Critical,
}

impl Severity {
    /// Allowed values, for messages.
    pub const WORDS: &str = "low, medium, high, critical";

    /// Parse one of the allowed values.
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

    /// Its name.
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

/// Priority, from `data.priority`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// Any time.
    Low,
    /// The normal case; also read from `medium`.
    Normal,
    /// Before others.
    High,
    /// Now; also read from `critical`.
    Urgent,
}

impl Priority {
    /// Allowed values, for messages.
    pub const WORDS: &str = "low, normal, high, urgent";

    /// Parse one of the allowed values or one of two synonyms.
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

/// The priority class of an event; lower numbers go first. The numbers are stored: never renumber.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Lane {
    /// Decisions, and events that cannot wait.
    Decisions = 0,
    /// Failures and alerts.
    Alerts = 1,
    /// Everything else.
    Ordinary = 2,
    /// Progress; a later event replaces an earlier one.
    Progress = 3,
}

impl Lane {
    /// Its name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Decisions => "decisions",
            Self::Alerts => "alerts",
            Self::Ordinary => "ordinary",
            Self::Progress => "progress",
        }
    }

    /// Raise the lane of a type by the severity and priority of the event; neither lowers it.
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
