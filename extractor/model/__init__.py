"""The second reader's line to a model: questions out, answers in, every attempt kept and counted."""
