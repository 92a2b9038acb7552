"""Thin translators between the clients people use and the judge: one file a client."""
