"""Tests of reading the files of an import."""
