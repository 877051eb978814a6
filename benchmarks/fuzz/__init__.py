"""Every reader against files that are damaged by chance and on purpose: each file must have an outcome, in time and within memory.

``python -m benchmarks.fuzz --reader docx --seconds 60``. Files are made from generated reports by mutation that knows the format;
what leads to code not yet reached is kept and mutated further. Each file is read in a child process that may be killed.
"""
