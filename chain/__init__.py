"""The product: a question and the conversation so far become a checked answer."""
