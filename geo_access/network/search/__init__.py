"""Searches over streets: links to them, kernels, hierarchy, paths."""
