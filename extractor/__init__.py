"""Gouji: Chinese government disclosure annual reports to figures that can be defended cell by cell.

``extractor.pipeline.extract_path`` does the whole way for one file; the modules beside it are its stages.
"""

__all__ = ["__version__"]

__version__ = "0.1.0"
