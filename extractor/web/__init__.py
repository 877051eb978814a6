"""The HTTP service: one app for programs (``/v1``) and for people (the review page). Needs the extra ``web``."""
