"""A whole archive: many reports to many records, on one machine or many, and again from where it was stopped.

``run`` leads: it takes inputs in their order, has an ``engine`` (or a ``cluster``) work on chunks of them, and gives the lines in the
same order to the ``outputs``. ``work`` is what is done to a chunk; ``asking`` is the model's part, which only the leading process has.
"""
