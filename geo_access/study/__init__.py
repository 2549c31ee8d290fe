"""A study: file, inputs, stages, folder of results."""
