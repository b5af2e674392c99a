//! From stored projections to answers: summaries, service graph, trace graph.
