"""What stands on the page: text to words, words to labels and figures, before any table is known."""
