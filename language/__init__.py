"""Analysis of text in the official languages of the EU: words, sentences, facts such as figures."""
