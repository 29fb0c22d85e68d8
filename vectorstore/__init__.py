"""The index: generations with vectors in Chroma and words in tantivy, searched together."""
