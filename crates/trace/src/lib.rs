//! From a trace's documents to the assembled trace, its projection and its share of a graph.
