"""A file of results as something to look at: one HTML file that needs nothing, and pictures.

`results_file`, `aggregate` and `rows` are pure data, `html` and `png` show it. All text that comes from results and samples was written
by a model or by a stranger, and is handled as hostile: it reaches the page as JSON in which nothing ends a script, and the document
as text nodes only; the page's policy lets no other script run and nothing be fetched.
"""

from __future__ import annotations

__all__: list[str] = []
