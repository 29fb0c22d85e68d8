"""What a text says in any official language of the EU: words, sentences, facts such as figures."""
