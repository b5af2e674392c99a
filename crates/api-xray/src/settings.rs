//! What of the API can be chosen.

/// Limits of answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct XRaySettings {
    /// The longest range of a list of traces, in seconds. AWS documents 6 hours and was seen to answer 10.
    pub summaries_window_seconds: i64,
    /// The longest range of a service graph, in seconds. AWS: 6 hours, enforced.
    pub graph_window_seconds: i64,
    /// Summaries in one page.
    pub summaries_page: usize,
}

impl Default for XRaySettings {
    fn default() -> Self {
        Self {
            summaries_window_seconds: 24 * 3600,
            graph_window_seconds: 6 * 3600,
            summaries_page: 100,
        }
    }
}
