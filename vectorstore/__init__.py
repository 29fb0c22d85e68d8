"""One index generation: vectors in Chroma, words in tantivy, searched together."""
