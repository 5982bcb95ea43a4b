"""Tests of Divan; a package so that benchmarks can start the same servers."""
