"""The workshop: a local page where planner, adviser, observatory and employer ask, thin over a prepared study."""
